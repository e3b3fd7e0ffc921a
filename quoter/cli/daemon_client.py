"""One HTTP request to whatever listens where a daemon should: bounded in time, and not trusted."""

import http.client
import json
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from threading import Thread
from typing import NamedTuple

from quoter.domain.errors import BadSetting, QuoterError
from quoter.service.http.protocol import SERVER
from quoter.telemetry.redaction import clean

BYTES_MAX = 1_000_000

type Address = tuple[str, int]  # host, port
type Answer = dict[str, object]


class NoAnswer(QuoterError):
    """Nothing came back; `is_sent`: but the request may have arrived."""

    def __init__(self, text: str, *, is_sent: bool) -> None:
        super().__init__(text)
        self.is_sent = is_sent


class Reply(NamedTuple):
    """What came back. `body` is {} unless it was a JSON object; its texts are printable."""

    status: int  # 0 for what is no whole HTTP answer
    is_quoter: bool  # by its own word
    body: Answer


def call(
    address: Address,
    method: str,
    path: str,
    *,
    seconds: float,
    headers: Mapping[str, str] | None = None,
    data: bytes | None = None,
) -> Reply:
    """One request; `seconds` bound all of it, from the host's name to the last byte.

    Raises NoAnswer, and BadSetting for what can't be a host.
    """
    host, port = address
    try:
        host.encode("idna")
        connection = http.client.HTTPConnection(host, port, timeout=seconds)
    except (http.client.InvalidURL, UnicodeError):
        raise BadSetting(f"QUOTER_HOST: is no name of a host (got {clean(host)})") from None
    # By this name a daemon knows itself, wherever it is asked: see QUOTER_HTTP_HOSTS.
    sent_headers = {"Host": f"localhost:{port}", **(headers or {})}
    is_sent = False

    def attempt() -> Reply:
        nonlocal is_sent
        try:
            connection.connect()
            is_sent = True
            connection.request(method, path, body=data, headers=sent_headers)
            answer = connection.getresponse()
            raw = answer.read(BYTES_MAX)
            return Reply(answer.status, answer.headers.get("Server") == SERVER, _object(raw))
        except http.client.RemoteDisconnected:
            raise  # silence is no answer, nonsense is one
        except http.client.HTTPException:
            return Reply(0, is_quoter=False, body={})
        finally:
            connection.close()

    try:
        return _within(seconds, attempt)
    except TimeoutError:
        raise NoAnswer(f"not within {seconds:g} s", is_sent=is_sent) from None
    except OSError as error:
        raise NoAnswer(clean(str(error)) or type(error).__name__, is_sent=is_sent) from None


def _within[T](seconds: float, work: Callable[[], T]) -> T:
    """What `work` returns or raises; TimeoutError after `seconds`.

    A socket's own time-out is one of each read: who drips a byte now and then never meets it, and
    the search for a name has none. So the work has a thread, which is left to itself when its time
    is over; it holds nothing up, neither the verb nor the end of the process.
    """
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            outcome.set_exception(error)

    Thread(target=run, daemon=True).start()
    return outcome.result(timeout=seconds)


def _object(raw: bytes) -> Answer:
    try:
        told = json.loads(raw)
        return _printable_fields(told) if isinstance(told, dict) else {}
    except (ValueError, RecursionError):
        return {}


def _printable_fields(fields: Answer) -> Answer:
    """Without what a terminal would obey: only a daemon of ours has cleaned its texts."""
    return {clean(name): _printable(value) for name, value in fields.items()}


def _printable(value: object) -> object:
    match value:
        case str():
            return clean(value)
        case list():
            return [_printable(part) for part in value]
        case dict():
            return _printable_fields(value)
        case _:
            return value
