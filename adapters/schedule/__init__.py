"""Waking the bot at a time, by APScheduler."""
