"""How do operator commands reach the engine, and what is recorded of them?

Every entrance (file, signal, HTTP) uses this one way: the same checks, the same audit record, the
same typed outcome. May import `killswitch` and the modules of `service` below it; `control_api` and
the runner import it. Read first: `entrance` (the one way in), `file_commands` (files and signals).
"""
