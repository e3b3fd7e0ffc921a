"""What does a running daemon show over HTTP?

The read-only pages /metrics, /healthz, /readyz and /state, and a listener that limits connections.
May import `killswitch` and the modules below it; `control_api` adds its routes to the same
listener.
Read first: `server` (the pages), `state_view` (the JSON of /state).
"""
