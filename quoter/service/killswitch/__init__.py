"""How is a kill enforced outside the engine and remembered across restarts?

Closes the egress gate, keeps the kill latch on disk, and defines the request files of the command
line. May import the modules directly in `service`, such as data folder and clock. Read first:
`controller` (gate and latch), `file_requests` (kill, re-arm and resume from another process).
"""
