"""Tests of engine/crew."""
