"""Long campaigns, each with its own entry; make test runs a short sample."""
