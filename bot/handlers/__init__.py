"""What each command does: one small function a verb."""
