"""Configuration of logging: JSON, or a pretty format on a terminal; every line is redacted."""

import json
import logging
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from quoter.domain.number_text import without_exponents
from quoter.telemetry.log_queue import LineQueue, lost_line
from quoter.telemetry.redaction import Redactor, clean_trace

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
# At DEBUG these libraries log signed requests and API keys (ccxt), every frame or every poll.
VERBOSE_LIBRARIES = ("ccxt", "ccxt.base.exchange", "websockets", "aiohttp", "asyncio", "urllib3")
TRACE_KEYS = ("exception", "stack")
FILE_BYTES_MAX = 50_000_000  # of a log file; about a day at the default level


def configure_logs(
    *,
    log_format: Literal["auto", "json", "pretty"] = "auto",
    level: Literal["debug", "info", "warning", "error"] = "info",
    redactor: Redactor | None = None,
    stream: TextIO | None = None,
    file: "LogFile | None" = None,
    in_background: bool = False,
) -> None:
    """Send structlog and the standard library's logging through one redacting handler.

    stream: standard error by default. file: used instead of a stream. in_background: write in a
    separate thread, so that a stalled reader blocks nothing (see `LineQueue`); `stream` must then
    have a descriptor. A second call replaces the earlier configuration.
    """
    out = stream if stream is not None else sys.stderr
    is_terminal = file is None and out.isatty()
    is_pretty = log_format == "pretty" or (log_format == "auto" and is_terminal)
    handler = file or (LineQueue(out) if in_background else _StreamHandler(out))
    handler.setFormatter(_formatter(redactor or Redactor(), is_pretty=is_pretty))
    root = logging.getLogger()
    earlier = _line_queues()
    root.handlers[:] = [handler]
    for queue in earlier:
        queue.finish()
    root.setLevel(LEVELS[level])
    for name in VERBOSE_LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.INFO, LEVELS[level]))
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_crash
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def lines_dropped() -> int:
    """Return the number of log lines lost since logging was last configured."""
    return sum(queue.dropped for queue in _line_queues())


def _line_queues() -> list[LineQueue]:
    return [each for each in logging.getLogger().handlers if isinstance(each, LineQueue)]


def log_unhandled_errors() -> None:
    """Log errors of threads and destructors through the redacting handler too.

    It replaces hooks of the interpreter, so only a process of quoter may call it.
    """
    sys.unraisablehook = _log_unraisable
    threading.excepthook = _log_thread_crash


class LogFile(RotatingFileHandler):
    """Handler that appends to a file, and keeps one older file, `NAME.1`.

    Each has at most `bytes_max` bytes. Raises OSError if the file can't be opened.
    """

    def __init__(self, path: Path, *, bytes_max: int = FILE_BYTES_MAX) -> None:
        super().__init__(path, maxBytes=bytes_max, backupCount=1, encoding="utf-8")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Log only that a line was lost, as `_StreamHandler` does."""
        if self.stream is not None:  # None: the file could not be renamed or opened again
            _write_loss(self.stream, record)


class _StreamHandler(logging.StreamHandler[TextIO]):
    """Handler that writes immediately; of a line that fails, it reports only the loss."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Log only that a line was lost: the library would print its arguments unredacted."""
        _write_loss(self.stream, record)


def _write_loss(stream: TextIO, record: logging.LogRecord) -> None:
    with suppress(OSError, ValueError):
        stream.write(f"{lost_line(record)}\n")


def _log_crash(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Log an uncaught exception, redacted, because its text may contain a signed URL."""
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.stdlib.get_logger("quoter").critical("crashed", exc_info=(kind, error, trace))


def _log_unraisable(failure: "sys.UnraisableHookArgs") -> None:
    """Log an error of a destructor or a C callback; Python itself would print it unredacted."""
    error = failure.exc_value
    trace = (failure.exc_type, error, failure.exc_traceback) if error is not None else None
    structlog.stdlib.get_logger("quoter").error("unraisable_exception", exc_info=trace)


def _log_thread_crash(failure: threading.ExceptHookArgs) -> None:
    """Log an uncaught exception of a thread."""
    if failure.exc_value is not None:
        _log_crash(failure.exc_type, failure.exc_value, failure.exc_traceback)


def _json(line: object, default: Callable[[object], object]) -> str:
    """Return a log line as JSON.

    `default` converts an object that JSON does not support to text.
    """
    return without_exponents(json.dumps(line, default=default))


def _formatter(redactor: Redactor, *, is_pretty: bool) -> logging.Formatter:
    render: Processor
    if is_pretty:  # plain tracebacks: rich ones print local variables
        render = structlog.dev.ConsoleRenderer(
            exception_formatter=structlog.dev.plain_traceback, sort_keys=False, timestamp_key="time"
        )
    else:
        render = structlog.processors.JSONRenderer(serializer=_json)
    return structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            _redact(redactor),
            render,
            _redact_known(redactor),
        ],
    )


def _redact(redactor: Redactor) -> Processor:
    def process(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        return {
            key: clean_trace(
                redactor.text(str(value))
            )  # redacted before it is cut, so that no part of a secret remains
            if key in TRACE_KEYS
            else redactor.value(key, value)
            for key, value in line.items()
        }

    return process


def _redact_known(redactor: Redactor) -> Processor:
    """Redact known secrets in the finished line too, because two values together may form one."""

    def process(_logger: WrappedLogger, _method: str, line: EventDict) -> str:
        return redactor.known(str(line))

    return process
