"""Tests of the web console over real HTTP on loopback."""
