"""The chat-neutral conversation: grammar, cards, sentences; must not know any vendor."""
