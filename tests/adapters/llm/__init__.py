"""litellm over real HTTP on loopback, and the pilot."""
