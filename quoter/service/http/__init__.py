"""What does a running daemon show over HTTP?

The read-only pages /metrics, /healthz, /readyz and /state, and a listener that limits connections.
May import `killswitch` and the modules directly in `service`. `control_api` adds its routes to the
daemon's listener; the sentinel shows its own two pages with another one.
Read first: `server` (the pages), `state_view` (the JSON of /state).
"""
