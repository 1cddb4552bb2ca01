"""Runs crews on a repository; must not know of chats or vendors."""
