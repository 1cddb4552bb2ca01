"""MCP servers, really run."""
