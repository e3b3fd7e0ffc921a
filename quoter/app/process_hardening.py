"""Prepare a process that holds an API key: logs, redaction, no core dumps."""

import resource
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from quoter.domain.errors import BadSetting
from quoter.settings import Settings
from quoter.telemetry.logs import LogFile, configure_logs, log_unhandled_errors
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


@contextmanager
def logs_in_file(settings: Settings, name: str) -> Iterator[Path]:
    """Append the log to a file in the data folder, for a command that draws on the terminal.

    Yields the path of the file; when it is full, it is renamed to `NAME.1` and begun anew. Raises
    BadSetting if it can't be written.
    """
    path = settings.data_dir / name
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        file = LogFile(path)
    except OSError as error:
        raise BadSetting(f"QUOTER_DATA_DIR: {path} can't be written: {error.strerror}") from None
    with closing(file):
        redactor = Redactor(settings.secrets())
        configure_logs(log_format="json", level=settings.log_level, redactor=redactor, file=file)
        yield path


def forbid_core_dumps() -> None:
    """Forbid core dumps: a dump would contain the key."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
