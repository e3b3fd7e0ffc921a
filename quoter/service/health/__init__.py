"""Is this process healthy: event loop, clocks, memory and open files?

May import `http` and the modules directly in `service`; only `runner` and `app` import it.
Read first: `process_health.py` (what is checked), `loop_monitor.py` (how it becomes a halt cause).
"""
