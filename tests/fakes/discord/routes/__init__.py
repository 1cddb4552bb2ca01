"""Discord's REST API, version 10: which address does what."""
