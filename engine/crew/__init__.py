"""One file a role: what it is told, which tools it has, what it must return."""
