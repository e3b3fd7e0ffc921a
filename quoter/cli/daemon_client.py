"""HTTP requests to a daemon, with a time limit; the response is not trusted."""

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
    """No response came; if `is_sent`, the request may have arrived."""

    def __init__(self, text: str, *, is_sent: bool) -> None:
        super().__init__(text)
        self.is_sent = is_sent


class Reply(NamedTuple):
    """A response. `body`: its JSON object without control characters; {} if it has none."""

    status: int  # 0 for an incomplete HTTP response
    is_quoter: bool  # by its Server header
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
    """Send one request and return the reply.

    `seconds`: limit from the name look-up to the last byte. Raises NoAnswer, and BadSetting if the
    host is not a valid name.
    """
    host, port = address
    try:
        host.encode("idna")
        connection = http.client.HTTPConnection(host, port, timeout=seconds)
    except (http.client.InvalidURL, UnicodeError):
        raise BadSetting(f"QUOTER_HOST: is not a valid host name (got {clean(host)})") from None
    # A daemon accepts this host name whatever QUOTER_HTTP_HOSTS contains.
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
            raise  # closed without a response; a malformed response is returned as status 0
        except http.client.HTTPException:
            return Reply(0, is_quoter=False, body={})
        finally:
            connection.close()

    try:
        return _within(seconds, attempt)
    except TimeoutError:
        raise NoAnswer(f"timeout after {seconds:g} s", is_sent=is_sent) from None
    except OSError as error:
        raise NoAnswer(clean(str(error)) or type(error).__name__, is_sent=is_sent) from None


def _within[T](seconds: float, work: Callable[[], T]) -> T:
    """Return the result of `work`; raise its error, or TimeoutError after `seconds`.

    `work` runs in a daemon thread. It is abandoned when the time is over, and does not delay the
    end of the process. A timeout of the socket would not do: it restarts with every byte, and does
    not cover the name look-up.
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
        found = json.loads(raw)
        return _printable_fields(found) if isinstance(found, dict) else {}
    except (ValueError, RecursionError):
        return {}


def _printable_fields(fields: Answer) -> Answer:
    """Return the fields without control characters, which a foreign server may send."""
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
