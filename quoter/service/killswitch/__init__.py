"""How is a kill enforced outside the engine and remembered across restarts?

Closes the egress gate, keeps the kill latch on disk, and defines the request files of the command
line. May import the modules of `service` below it (inbox, outbox, data folder, clock). Read first:
`controller` (gate and latch), `file_requests` (kill and re-arm from another process).
"""
