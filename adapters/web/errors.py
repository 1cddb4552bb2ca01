"""Why a console can't be opened. Light: the command line reads it to say so in a sentence."""


class OpenToTheNetwork(Exception):
    """The console would answer anybody; the message says what to set."""


class ConsoleUnavailable(Exception):
    """The console can't listen there; the message says what to do."""
