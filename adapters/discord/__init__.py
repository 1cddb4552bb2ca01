"""Discord: the same conversation in a server's channels. Must hold no rule of conversation."""
