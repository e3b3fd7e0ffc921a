"""What the daemon and the sentinel have in common as processes: each holds a key, neither waits."""

import resource
from contextlib import suppress

from quoter.settings import Settings
from quoter.telemetry.logs import configure_logs, log_unhandled_errors
from quoter.telemetry.redaction import Redactor


def prepare_process(settings: Settings) -> None:
    """Logs that a stalled reader can't hold up, redacted hooks, and no dump of our memory."""
    configure_logs(
        log_format=settings.log_format,
        level=settings.log_level,
        redactor=Redactor(settings.secrets()),
        in_background=True,
    )
    log_unhandled_errors()
    forbid_core_dumps()


def forbid_core_dumps() -> None:
    """A dump of our memory would hold the key, readable for longer than we live."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
