"""The sandbox in which an attempt's commands run."""
