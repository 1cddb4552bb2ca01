"""Tests of engine/tools."""
