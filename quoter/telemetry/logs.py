"""Log lines: JSON, or pretty on a terminal; every one goes through the redaction."""

import logging
import sys
import threading
from contextlib import suppress
from types import TracebackType
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from quoter.telemetry.log_queue import LineQueue, lost_line
from quoter.telemetry.redaction import Redactor, clean_trace

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
# At DEBUG they print signed requests and API keys (ccxt), every frame (websockets), every poll.
LOUD_LIBRARIES = ("ccxt", "ccxt.base.exchange", "websockets", "aiohttp", "asyncio", "urllib3")
TRACE_KEYS = ("exception", "stack")


def configure_logs(
    *,
    log_format: Literal["auto", "json", "pretty"] = "auto",
    level: Literal["debug", "info", "warning", "error"] = "info",
    redactor: Redactor | None = None,
    stream: TextIO | None = None,
    in_background: bool = False,
) -> None:
    """Send structlog and the standard library's logging through one redacting sink.

    stream: standard error unless given; one with a descriptor if `in_background`, which is for
    whom a reader that stalls must not hold up: see `LineQueue`.
    Calling it again replaces the earlier configuration.
    """
    out = stream if stream is not None else sys.stderr
    is_pretty = log_format == "pretty" or (log_format == "auto" and out.isatty())
    handler = LineQueue(out) if in_background else _Sink(out)
    handler.setFormatter(_formatter(redactor or Redactor(), is_pretty=is_pretty))
    root = logging.getLogger()
    earlier = _line_queues()
    root.handlers[:] = [handler]
    for queue in earlier:
        queue.finish()
    root.setLevel(LEVELS[level])
    for name in LOUD_LIBRARIES:
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
    """Log lines that a stalled reader has cost us so far."""
    return sum(queue.dropped for queue in _line_queues())


def _line_queues() -> list[LineQueue]:
    return [each for each in logging.getLogger().handlers if isinstance(each, LineQueue)]


def watch_hidden_failures() -> None:
    """What fails in a thread or a destructor goes through the sink too; for a process of ours."""
    sys.unraisablehook = _log_unraisable
    threading.excepthook = _log_thread_crash


class _Sink(logging.StreamHandler[TextIO]):
    """Writes lines; of one that can't be written only the loss is told."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """The library's own would print the arguments, past the redaction."""
        with suppress(OSError, ValueError):
            self.stream.write(f"{lost_line(record)}\n")


def _log_crash(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """An exception that nobody caught: its text may hold a signed URL, so it is redacted too."""
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.stdlib.get_logger("quoter").critical("crashed", exc_info=(kind, error, trace))


def _log_unraisable(failure: "sys.UnraisableHookArgs") -> None:
    """In a destructor or a callback of C: Python's own hook would write past the redaction."""
    error = failure.exc_value
    trace = (failure.exc_type, error, failure.exc_traceback) if error is not None else None
    structlog.stdlib.get_logger("quoter").error("unraisable", exc_info=trace)


def _log_thread_crash(failure: threading.ExceptHookArgs) -> None:
    """In a thread of its own: the same."""
    if failure.exc_value is not None:
        _log_crash(failure.exc_type, failure.exc_value, failure.exc_traceback)


def _formatter(redactor: Redactor, *, is_pretty: bool) -> logging.Formatter:
    render: Processor
    if is_pretty:  # plain tracebacks: rich ones print local variables
        render = structlog.dev.ConsoleRenderer(
            exception_formatter=structlog.dev.plain_traceback, sort_keys=False, timestamp_key="time"
        )
    else:
        render = structlog.processors.JSONRenderer()
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
            _last_look(redactor),
        ],
    )


def _redact(redactor: Redactor) -> Processor:
    def process(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        return {
            key: clean_trace(redactor.text(str(value)))  # a cut may not hide half a secret
            if key in TRACE_KEYS
            else redactor.value(key, value)
            for key, value in line.items()
        }

    return process


def _last_look(redactor: Redactor) -> Processor:
    """Known secrets once more in the finished line, in case two values joined into one."""

    def process(_logger: WrappedLogger, _method: str, line: EventDict) -> str:
        return redactor.known(str(line))

    return process
