"""A strict local Slack, written from the documented contract."""
