"""Benchmarks, each with its own entry."""
