"""Vendors and surfaces: everything that the outside world dictates."""
