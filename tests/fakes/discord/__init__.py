"""A strict Discord on loopback, written from Discord's published contract. Must know nothing of the bot that is tested with it."""
