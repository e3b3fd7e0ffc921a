"""How does one daemon run as a process: its tasks, queues, files, HTTP server and shutdown?

Imports `engine`, `venues`, `telemetry`, `ledger`, `recording`, `settings` and what is below these;
only `app` and `cli` import it. The parts are built in `quoter/app/composition.py`.
Read first: `runner.py` (the tasks and the path of an event), `outbox.py` (the path of a command).
"""
