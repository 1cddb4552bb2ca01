"""Every sentence we say to people, split by subject; must not hold rules, nor know any surface."""
