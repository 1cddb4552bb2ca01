"""The pilot: a small rule-based stand-in for a language model, not an LLM, which repairs single-edit Python faults."""
