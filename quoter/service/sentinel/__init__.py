"""The sentinel: how does it detect that the daemon failed, and what does it do then?

May import `external_stops`, `http` and `killswitch`; only `app` imports it. It can't create orders.
Read first: `process.py` (its four tasks), `heartbeat_monitor.py` (the state of the daemon).
"""
