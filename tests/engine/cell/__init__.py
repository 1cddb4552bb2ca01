"""Tests of `engine.cell` that start no process."""
