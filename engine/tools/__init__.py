"""What a worker can do; arguments are validated before anything happens."""
