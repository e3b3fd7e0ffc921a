"""What do we show of a running process? Log lines, metrics and their redaction.

It imports `domain` and `risk`, but not service, venues or settings. `app`, `cli` and `service`
import it, and only this package imports prometheus_client. Read first: `metrics.py` (counters from
steps, gauges from snapshots) and `logs.py` (the log configuration, with redaction).
"""
