"""What can be typed: one module per command or family of commands, each thin above `app`.

May import every package; none imports it. Heavy modules are imported inside the commands, so that
`quoter --help` and `quoter healthcheck` reply at once.
Read first: `main.py` (all commands), `options.py` (shared options).
"""
