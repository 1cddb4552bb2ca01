"""The state branch: append, read, verify; the only place that writes orch-state."""
