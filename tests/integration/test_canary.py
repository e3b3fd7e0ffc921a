"""Canary secrets appear in no log, page or file, on any error path or crash (SE-02)."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from quoter.service.exit_codes import ExitCode
from quoter.service.killswitch.latch import NAME as LATCH
from tests.integration.canary import (
    ACCOUNT,
    KEY,
    PASSWORD,
    SECRET,
    Signatures,
    core_bytes_max,
    files,
    found,
    of_process,
    sandbox_config,
    secret_files,
    secret_spellings,
)
from tests.integration.daemon_process import POLL_S, Started, is_busy, python, quoter, until
from tests.integration.sandbox_client import RunningSandbox, running

PAGES = ("/metrics", "/state", "/readyz", "/healthz", "/nothing")
HOSTILE = "[red]\x1b[2J[link=http://x]\n\x00\u202e"
# Spellings of our secrets in a request; JSON escapes them again.
FORMS = [form.decode() for secret in (SECRET, KEY) for form in secret_spellings(secret)]
FORMS = [form for form in FORMS if "\\" not in form]


def echo(number: int) -> str:
    """Return an error text that contains our secrets, each time with another spelling first."""
    at = number * 3 % len(FORMS)
    return f"{HOSTILE} signature=CANARYsig&apiKey={KEY} " + "; ".join(FORMS[at:] + FORMS[:at])


FIRED_S_MAX = 40.0
ATTEMPT_LOGGED_S_MAX = 10.0  # of one attempt: ccxt gives a request up after five seconds
LOGGED_S_MAX = 100.0  # of all attempts
# Faults of the requests that a quoting daemon sends all the time.
FAULTS: tuple[dict[str, object], ...] = (
    {"kind": "error_before", "endpoint": "create", "status": 503, "text": echo(0), "count": 2},
    {
        "kind": "error_after_accept",
        "endpoint": "create",
        "status": 504,
        "text": echo(1),
        "count": 1,
    },
    {"kind": "error_before", "endpoint": "create", "status": 400, "code": -1013, "text": echo(2)},
    {"kind": "error_before", "endpoint": "create", "status": 400, "code": -1021, "text": echo(3)},
    {"kind": "error_before", "endpoint": "cancel", "status": 400, "code": -1022, "text": echo(4)},
    {"kind": "error_before", "endpoint": "cancel", "status": 500, "text": echo(5), "count": 2},
    {"kind": "error_before", "endpoint": "open_orders", "status": 502, "text": echo(6)},
    {"kind": "garbled", "endpoint": "create", "text": echo(7)},
    {"kind": "garbled", "endpoint": "cancel", "text": f"<html>{echo(8)}"},
    {"kind": "garbled", "endpoint": "open_orders", "text": json.dumps([echo(9), {"x": echo(10)}])},
    {"kind": "reset_before", "endpoint": "create", "count": 2},
    {"kind": "accept_drop_response", "endpoint": "cancel", "count": 2},
    {"kind": "reset_before", "endpoint": "open_orders"},
    {"kind": "delay", "endpoint": "cancel", "delay_s": 7.0},
    {"kind": "rate_limit_429", "endpoint": "create", "retry_after_s": 1},
    {"kind": "ban_418", "endpoint": "cancel", "retry_after_s": 1},
)
# Texts that the log must contain, and the fault that is repeated until it does.
LOGGED: dict[bytes, dict[str, object]] = {
    b"-1022": next(fault for fault in FAULTS if fault.get("code") == -1022),
    b"timestamp=": {"kind": "delay", "endpoint": "open_orders", "delay_s": 7.0},
}
REFUSED = {
    "kind": "error_before",
    "endpoint": "create",
    "status": 401,
    "code": -2015,
    "text": echo(11),
    "count": 1,
}


@pytest.fixture
def signatures(monkeypatch: pytest.MonkeyPatch) -> Signatures:
    seen = Signatures()
    seen.watch(monkeypatch)
    return seen


@pytest.fixture
async def sandbox(signatures: Signatures) -> AsyncIterator[RunningSandbox]:
    async with running(sandbox_config()) as sandbox:
        sandbox.one = ACCOUNT
        yield sandbox


async def pages(daemon: Started, into: dict[str, bytes], when: str) -> None:
    for path in PAGES:
        into[f"{path} {when}"] = (await daemon.get(path))[1].encode()


async def has_fired(sandbox: RunningSandbox, daemon: Started, number: int) -> None:
    """Wait until an armed fault has met a request; `number`: the fault's."""
    end_s = asyncio.get_running_loop().time() + FIRED_S_MAX
    while not await sandbox.fired(number):
        assert daemon.process.returncode is None, daemon.raw[-4_000:]
        assert asyncio.get_running_loop().time() < end_s, f"fault {number} never fired"
        await asyncio.sleep(POLL_S)


async def until_logged(
    sandbox: RunningSandbox, daemon: Started, text: bytes, fault: Mapping[str, object]
) -> None:
    """Arm a fault that meets one request, again and again, until the log contains `text`.

    Once may not be enough: a caller that reconnects cancels its request, which then logs nothing,
    and of equal anomalies within ten seconds only the first is logged.
    """
    end_s = asyncio.get_running_loop().time() + LOGGED_S_MAX
    while text not in daemon.raw:
        assert asyncio.get_running_loop().time() < end_s, daemon.raw[-4_000:]
        number = await sandbox.arm(**{"count": 1, **fault})  # type: ignore[arg-type]  # `kind` is in
        await has_fired(sandbox, daemon, number)
        for _ in range(int(ATTEMPT_LOGGED_S_MAX / POLL_S)):
            if text in daemon.raw:
                break
            await asyncio.sleep(POLL_S)
        await sandbox.admin("DELETE", "faults")


async def strike(sandbox: RunningSandbox, daemon: Started, into: dict[str, bytes]) -> None:
    """Let every fault fire once, one after the other; read the pages after each."""
    for fault in FAULTS:
        number = await sandbox.arm(**{"count": 1, **fault})  # type: ignore[arg-type]  # `kind` is in
        await has_fired(sandbox, daemon, number)
        await pages(daemon, into, f"after {fault['kind']} of {fault.get('endpoint')}")
        await sandbox.admin("DELETE", "faults")
    for text, again in LOGGED.items():
        await until_logged(sandbox, daemon, text, again)
        await pages(daemon, into, f"after {text.decode()}")
    number = await sandbox.arm(
        "error_before", endpoint="subscribe", status=401, code=-2014, text=echo(30)
    )
    await sandbox.admin("POST", "streams/close", {"socket": "user"})
    await has_fired(sandbox, daemon, number)
    await until(lambda: b"feed_down" in daemon.raw, "the private stream is lost", daemon)
    await sandbox.admin("DELETE", "faults")


@pytest.mark.slow
async def test_no_error_path_reveals_a_secret(
    sandbox: RunningSandbox, signatures: Signatures, tmp_path: Path
) -> None:
    """At the lowest log level, until a rejected key kills it and SIGABRT ends it."""
    data = tmp_path / "data"
    data.mkdir()
    seen: dict[str, bytes] = {}
    more = secret_files(tmp_path / "keys") | {
        "QUOTER_LOG_LEVEL": "debug",
        "QUOTER_QUOTE_LOG_INTERVAL_S": "1",
        "PYTHONFAULTHANDLER": "1",
    }
    async with quoter(sandbox, data, "run", **more) as daemon:
        await is_busy(sandbox, daemon)
        seen |= of_process(daemon.process.pid)
        assert core_bytes_max(daemon.process.pid) in ("0 0", "")
        await pages(daemon, seen, "while all is well")
        await strike(sandbox, daemon, seen)
        await sandbox.arm(**REFUSED)  # type: ignore[arg-type]  # `kind` is in
        await until((data / LATCH).exists, "killed", daemon)
        await until(lambda: b'"after": "KILLED"' in daemon.raw, "reported", daemon)
        await pages(daemon, seen, "when killed")
        daemon.process.send_signal(signal.SIGABRT)
        code = await daemon.ended()
        assert code == -signal.SIGABRT
    assert b"Fatal Python error: Aborted" in daemon.raw
    seen |= {"log": bytes(daemon.raw)} | files(data)
    assert {"ledger.sqlite", LATCH} <= set(seen)
    assert len(signatures.seen) > 100
    for logged in (b"-2015", b"RequestTimeout", b"timestamp=", b"[redacted]", b"***", b"-1022"):
        assert logged in seen["log"], f"the error path of {logged!r} was not taken"
    assert found(seen, signatures.seen) == []
    for place in ("log", LATCH, *(name for name in seen if name.startswith("/"))):
        tamed = seen[place].decode()
        assert all(line.isprintable() for line in tamed.splitlines()), place


CRASH = """
import asyncio, pathlib, sys, threading, warnings
from quoter.service.runner import Runner

key, secret = (pathlib.Path(name).read_text() for name in sys.argv.pop().split(","))
text = f"GET https://x/?apiKey={key}&signature={secret} and {key} {secret}"
events = 0
really = Runner._handle

class Dying:
    def __del__(self):
        raise RuntimeError(text)

async def lost(argument):
    raise LookupError(text)

def fail(argument):
    raise OSError(text)

def handle(self, event):
    global events
    events += 1
    if events == 200:
        thread = threading.Thread(target=fail, args=(secret,))
        thread.start()
        thread.join()
        Dying()
        warnings.warn(text)
        asyncio.get_running_loop().call_exception_handler({"message": text, "secret": secret})
        handle.lost = asyncio.ensure_future(lost(secret))
    if events == 400:
        del handle.lost
        held_in_a_frame = secret
        try:
            fail(secret)
        except OSError as error:
            error.add_note(text)
            raise RuntimeError(text) from error
    really(self, event)

Runner._handle = handle
from quoter.cli.main import main
main()
"""


@pytest.mark.parametrize("log_format", ["json", "pretty"])
@pytest.mark.slow
async def test_no_crash_reveals_a_secret(
    sandbox: RunningSandbox, signatures: Signatures, tmp_path: Path, log_format: str
) -> None:
    """Exceptions with secrets in a thread, a destructor, a lost task and the event loop."""
    data = tmp_path / "data"
    data.mkdir()
    script = tmp_path / "crash.py"
    script.write_text(CRASH)
    secrets = secret_files(tmp_path / "keys")
    more = secrets | {"QUOTER_LOG_FORMAT": log_format, "QUOTER_LOG_LEVEL": "debug"}
    command = (str(script), "run", ",".join(secrets.values()))
    async with python(sandbox, data, command, more) as daemon:
        code = await daemon.ended()
    assert code == ExitCode.CRASHED, daemon.raw[-4_000:]
    seen = {"log": bytes(daemon.raw)} | files(data)
    for logged in (
        b"crashed",
        b"RuntimeError",
        b"unraisable_exception",
        b"UserWarning",
        b"asyncio",
    ):
        assert logged in daemon.raw, f"the path of {logged!r} was not taken"
    assert found(seen, signatures.seen) == []


async def test_wrong_secret_is_not_revealed(sandbox: RunningSandbox, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    more = secret_files(tmp_path / "keys")
    venue = sandbox.server.venue
    venue.accounts[KEY] = replace(ACCOUNT, secret="another")  # noqa: S106 - opens nothing
    async with quoter(sandbox, data, "run", QUOTER_LOG_LEVEL="debug", **more) as daemon:
        code = await daemon.ended()
    assert code == ExitCode.KEY_RIGHTS, daemon.raw[-4_000:]
    assert b"-1022" in daemon.raw
    assert found({"log": bytes(daemon.raw)} | files(data)) == []


MISTAKES: dict[str, dict[str, str]] = {
    "bad number": {"QUOTER_GAMMA": f"{SECRET}"},
    "bad symbol": {"QUOTER_SYMBOL": KEY},
    "bad exchange": {"QUOTER_EXCHANGE": SECRET},
    "bad environment": {"QUOTER_ENVIRONMENT": SECRET},
    "bad url": {"QUOTER_SANDBOX_URL": f"http://{KEY}:{KEY}@127.0.0.1"},
    "bad host": {"QUOTER_HTTP_HOSTS": SECRET},
    "no limit": {"QUOTER_INVENTORY_MAX": ""},
    "no secret": {"QUOTER_API_SECRET": ""},
    "both ways": {"QUOTER_API_KEY_FILE": KEY},
    "pasted for a file": {"QUOTER_API_PASSWORD_FILE": PASSWORD},
    "unknown name": {"QUOTER_API_SECRTE": SECRET},
    "production in plain text": {
        "QUOTER_ENVIRONMENT": "production",
        "QUOTER_I_ACCEPT_PRODUCTION": "binance",
    },
    "bad folder": {"QUOTER_SECRETS_DIR": SECRET},
    "port taken": {"QUOTER_PORT": "1", "QUOTER_HOST": "192.0.2.1"},
}


@pytest.mark.parametrize(
    ("command", "mistake"), [*(("run", mistake) for mistake in MISTAKES), ("check", "bad number")]
)
async def test_no_settings_error_reveals_a_secret(
    sandbox: RunningSandbox, tmp_path: Path, mistake: str, command: str
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / ".env").write_text(f"QUOTER_API_PASSWORD={PASSWORD}\n")
    more = {"QUOTER_API_KEY": KEY, "QUOTER_API_SECRET": SECRET} | MISTAKES[mistake]
    async with quoter(sandbox, data, command, **more) as daemon:
        code = await daemon.ended()
    (data / ".env").unlink()
    assert code == ExitCode.USAGE, daemon.raw
    assert b"Traceback" not in daemon.raw
    assert found({"output": bytes(daemon.raw)} | files(data)) == []


def test_search_finds_every_spelling() -> None:
    """The search itself finds every spelling."""
    for secret in (KEY, SECRET):
        for form in secret_spellings(secret):
            assert found({"x": b"noise " + form + b" noise"})
    assert found({"x": b"noise abcdef01 noise"}, ["abcdef01"])
    assert found({"x": b"CANARY/secret"}), "half a secret is one too many"
    assert found({"x": b"nothing here"}) == []
