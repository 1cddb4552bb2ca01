"""The checks that prove work: configuration, detection, running, judging."""
