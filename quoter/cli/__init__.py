"""Command line: which command does what? One module per command or family of commands.

Each is a thin layer on `app`. The package may import every other; none imports it. Heavy modules
are imported inside the commands, so that `quoter --help` and `quoter healthcheck` reply at once.
Read first: `main.py` (all commands), `options.py` (shared options).
"""
