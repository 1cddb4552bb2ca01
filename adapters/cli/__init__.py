"""The command line: commands, live view, decisions asked in the terminal."""
