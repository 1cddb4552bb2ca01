"""The web console: the REST and WebSocket surface of one engine, and the page that uses it."""
