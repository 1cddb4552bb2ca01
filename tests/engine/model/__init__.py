"""The guards around a model."""
