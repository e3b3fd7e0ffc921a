"""How do operators command a running daemon over HTTP?

Tokens and roles, request bodies, idempotency, operator commands and live parameters. May import
`operator_commands`, `http`, `killswitch` and the modules directly in `service`; only
`quoter/app/live_control.py` imports it. Read first: `routes` (the checks of a request, in order),
`request_body` (fields of each command).
"""
