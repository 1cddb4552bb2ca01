"""What was once written reads the same for ever."""
