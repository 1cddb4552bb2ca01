"""The state branch: packs, commits, crashes, the lock."""
