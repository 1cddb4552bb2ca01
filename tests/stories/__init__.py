"""A person types; the replies' text and the log are asserted."""
