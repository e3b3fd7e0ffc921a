"""Every line passes one redacting handler."""

import asyncio
import gc
import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
import structlog

from quoter.domain.events import Tick
from quoter.domain.units import NS_PER_S
from quoter.telemetry.logs import LogFile, configure_logs, log_unhandled_errors
from quoter.telemetry.redaction import Redactor
from quoter.telemetry.step_log import StepLog
from tests.unit.telemetry.samples import NOW_NS, QUOTE, filled_step

CANARY = 'c4n4ry/"S3cret"'


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = sys.unraisablehook, threading.excepthook
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook = sys.__excepthook__
    sys.unraisablehook, threading.excepthook = hooks
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def configured(log_format: str = "json", level: str = "info") -> io.StringIO:
    out = io.StringIO()
    configure_logs(
        log_format=log_format,  # type: ignore[arg-type]
        level=level,  # type: ignore[arg-type]
        redactor=Redactor([CANARY]),
        stream=out,
    )
    return out


def test_a_line_is_json_with_time_level_and_fields() -> None:
    out = configured()
    structlog.get_logger("quoter").info("order_rejected", order_id="q-7", reason="post_only")
    line = json.loads(out.getvalue())
    assert line["event"] == "order_rejected"
    assert line["level"] == "info"
    assert line["order_id"] == "q-7"
    assert line["time"].endswith("Z")


def test_numbers_of_a_json_line_have_no_exponent() -> None:
    out = configured()
    structlog.get_logger("quoter").info("fill", size=1e-8, fee=Decimal("1E-8"), text="1e-8")
    assert '"size": 0.00000001,' in out.getvalue()
    assert json.loads(out.getvalue())["text"] == "1e-8"


def test_lines_of_the_standard_library_are_redacted_too() -> None:
    out = configured()
    logging.getLogger("ccxt.base.exchange").warning("call to %s", f"https://x/?signature={CANARY}")
    line = json.loads(out.getvalue())
    assert line["logger"] == "ccxt.base.exchange"
    assert "S3cret" not in out.getvalue()


@pytest.mark.parametrize("name", ["ccxt.base.exchange", "websockets.client", "aiohttp.access"])
def test_verbose_libraries_stay_above_debug(name: str) -> None:
    """At DEBUG ccxt prints our API key."""
    out = configured(level="debug")
    logging.getLogger(name).debug("X-MBX-APIKEY: whatever")
    assert out.getvalue() == ""
    structlog.get_logger("quoter").debug("ours")
    assert "ours" in out.getvalue()


def test_lines_below_the_level_are_not_written() -> None:
    out = configured(level="warning")
    structlog.get_logger("quoter").info("quiet")
    assert out.getvalue() == ""


@pytest.mark.parametrize("log_format", ["json", "pretty"])
def test_a_secret_is_never_written(log_format: str) -> None:
    out = configured(log_format)
    log = structlog.get_logger("quoter")
    log.info(CANARY)
    log.info("x", api_key="abcdef-plain", nested={"deep": [CANARY]})
    log.bind(**{CANARY: 1}).info("a secret as a key")
    api_secret = CANARY  # a local variable: tracebacks must not show it
    try:
        raise RuntimeError(f"https://x/?signature=abcdef-plain&k={api_secret}")
    except RuntimeError:
        log.exception("failed")
        logging.getLogger("aiohttp.server").exception("failed too")
    logging.getLogger("py.warnings").warning("careful: %s", CANARY)
    text = out.getvalue()
    assert text.count("RuntimeError") >= 2
    assert "careful" in text
    assert "S3cret" not in text
    assert "abcdef-plain" not in text


@pytest.mark.parametrize("log_format", ["json", "pretty"])
def test_text_of_a_venue_cannot_forge_a_line(log_format: str) -> None:
    out = configured(log_format)
    structlog.get_logger("quoter").info("reject", reason='x\n{"event": "fill"}\x1b[2J')
    assert len(out.getvalue().splitlines()) == 1
    assert "\x1b[2J" not in out.getvalue()


def test_nan_and_infinity_are_written_as_text() -> None:
    out = configured()
    structlog.get_logger("quoter").info("x", edge=float("nan"))
    assert json.loads(out.getvalue(), parse_constant=pytest.fail)


def test_an_uncaught_exception_is_redacted() -> None:
    out = configured()
    error = RuntimeError(f"GET https://x/?signature=abcdef-plain {CANARY}")
    sys.excepthook(RuntimeError, error, None)
    line = json.loads(out.getvalue())
    assert line["event"] == "crashed"
    assert "RuntimeError" in line["exception"]
    assert "abcdef-plain" not in out.getvalue()
    assert "S3cret" not in out.getvalue()


def test_errors_of_threads_and_destructors_are_redacted() -> None:
    """The interpreter's own hooks would write them without redaction."""
    out = configured()
    log_unhandled_errors()

    class Dying:
        def __del__(self) -> None:
            raise RuntimeError(f"signature=abcdef-plain {CANARY}")

    def fail() -> None:
        raise RuntimeError(f"signature=abcdef-plain {CANARY}")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    dying = Dying()
    del dying
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["crashed", "unraisable_exception"]
    assert all("RuntimeError" in line["exception"] for line in lines)
    assert "abcdef-plain" not in out.getvalue()
    assert "S3cret" not in out.getvalue()


async def test_errors_that_asyncio_logs_are_redacted(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The exception of a task that is never awaited goes to asyncio's logger."""
    out = configured()

    async def fail(_secret: str) -> None:
        raise RuntimeError(f"GET https://x/?signature=abcdef-plain&k={CANARY}")

    task = asyncio.ensure_future(fail(CANARY))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    gc.collect()
    asyncio.get_running_loop().call_exception_handler({"message": f"lost {CANARY}"})
    text = out.getvalue()
    assert "never retrieved" in text
    assert "lost" in text
    assert "abcdef-plain" not in text
    assert "S3cret" not in text + "".join(capfd.readouterr())


def test_a_line_that_cannot_be_written_does_not_show_its_arguments() -> None:
    out = configured()

    class Unprintable:
        def __str__(self) -> str:
            raise ValueError(CANARY)

    logging.getLogger("somebody").warning("%s %s", CANARY, Unprintable())
    assert out.getvalue() == "log line of somebody lost: ValueError\n"


def test_a_busy_day_at_the_default_level_takes_less_than_50_mb() -> None:
    """20 fills a second, each with an order's end and new quotes."""
    out, log, seconds = configured(), StepLog(quote_log_interval_s=30), 120
    for index in range(20 * seconds):
        event = Tick(ts_ns=NOW_NS + index * NS_PER_S // 20)
        log.observe(filled_step()._replace(event=event, quote=QUOTE))
    assert len(out.getvalue()) * 86_400 / seconds < 50_000_000


def test_a_log_file_is_continued_and_keeps_one_older_file(tmp_path: Path) -> None:
    path = tmp_path / "dry-run.log"
    for run in range(2):
        with closing(LogFile(path, bytes_max=1_000)) as file:
            configure_logs(log_format="json", redactor=Redactor([CANARY]), file=file)
            for number in range(20):
                structlog.get_logger("quoter").info("line", number=20 * run + number, key=CANARY)
    older = tmp_path / "dry-run.log.1"
    assert set(tmp_path.iterdir()) == {path, older}
    assert 0 < path.stat().st_size <= 1_000
    assert 500 < older.stat().st_size <= 1_000
    lines = [json.loads(line) for line in (older.read_text() + path.read_text()).splitlines()]
    newest = lines[-1]["number"]
    assert newest == 39
    assert [line["number"] for line in lines] == [*range(newest - len(lines) + 1, newest + 1)]
    assert CANARY not in older.read_text() + path.read_text()


def test_a_log_file_that_cannot_be_renamed_does_not_stop_the_caller(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "dry-run.log"
    (tmp_path / "dry-run.log.1" / "full").mkdir(parents=True)
    with closing(LogFile(path, bytes_max=500)) as file:
        configure_logs(log_format="json", redactor=Redactor([CANARY]), file=file)
        for number in range(20):
            structlog.get_logger("quoter").info("line", number=number, key=CANARY)
    assert path.stat().st_size <= 500
    assert capsys.readouterr().err == ""
