"""The demo: a small repository with faults, the real engine, and the pilot in place of a language model."""
