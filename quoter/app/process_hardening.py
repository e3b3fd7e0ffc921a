"""Prepare a process that holds an API key: logs, redaction, no core dumps."""

import resource
from contextlib import suppress

from quoter.settings import Settings
from quoter.telemetry.logs import configure_logs, log_unhandled_errors
from quoter.telemetry.redaction import Redactor


def prepare_process(settings: Settings) -> None:
    """Configure logs that never block, redact uncaught errors, and forbid core dumps."""
    configure_logs(
        log_format=settings.log_format,
        level=settings.log_level,
        redactor=Redactor(settings.secrets()),
        in_background=True,
    )
    log_unhandled_errors()
    forbid_core_dumps()


def forbid_core_dumps() -> None:
    """Forbid core dumps: a dump would contain the key."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
