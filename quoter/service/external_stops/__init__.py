"""Who cancels the orders when this process can't? The sentinel, or the venue's dead man's switch.

This package is the daemon's side of both.

May import `killswitch` and the modules directly in `service`; `sentinel`, `runner`, `app` and the
drill of `cli` import it.
Read first: `external_stops.py` (both together), `heartbeat_files.py` (what is exchanged).
"""
