"""Gates: what they are, what they showed, and how it is judged."""
