"""Discord, as people and as Discord itself see us."""
