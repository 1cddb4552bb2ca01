"""The pure heart: events, states, rules; must not know the clock, files or the network."""
