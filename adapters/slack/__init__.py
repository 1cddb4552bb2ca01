"""Slack: the same conversation in a workspace's channels. Must hold no rule of conversation."""
