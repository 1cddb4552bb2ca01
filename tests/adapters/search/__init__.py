"""Tests of adapters/search."""
