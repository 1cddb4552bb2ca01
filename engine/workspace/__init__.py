"""Worktrees, commits and the merge train."""
