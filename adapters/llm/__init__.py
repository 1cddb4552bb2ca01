"""Models: litellm and the built-in pilot."""
