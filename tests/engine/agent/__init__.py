"""Tests of engine/agent."""
