"""How do operator commands reach the engine, and what is recorded of them?

Every entrance (file, signal, HTTP) leads here: the same checks, the same audit record, the
same typed outcome. May import `killswitch` and the modules directly in `service`; `control_api`,
the runner and `app` import it. Read first: `entrance` (the checks of every command),
`file_commands` (files and signals).
"""
