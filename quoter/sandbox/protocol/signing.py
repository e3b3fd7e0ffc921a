"""Whose request is it, and is it fresh: keys, HMAC-SHA256 signatures, the recvWindow rule."""

import hmac
import re
from collections.abc import Mapping
from decimal import Decimal

from quoter.domain.units import NS_PER_MS
from quoter.sandbox.protocol.answers import ApiError, bad_request

RECV_WINDOW_MS = 5_000  # when the request names none
RECV_WINDOW_MS_MAX = 60_000
AHEAD_MS_MAX = 1_000  # a client's clock may be this much ahead of ours

_KEY_FORMAT = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SIGNATURE_PARAMETER = re.compile(r"(^|&)signature=[^&]*")


def rest_signature(payload: str, secret: str) -> str:
    """Hex HMAC-SHA256 of the raw payload: query and body as sent, without `signature`."""
    return hmac.digest(secret.encode(), payload.encode(), "sha256").hex()


def unsigned(payload: str) -> str:
    """The raw payload without its `signature` parameter."""
    return _SIGNATURE_PARAMETER.sub("", payload, count=1).removeprefix("&")


def socket_signature(params: Mapping[str, str], secret: str) -> str:
    """Hex HMAC-SHA256 of `name=value` joined by `&`, sorted by name, without `signature`."""
    pairs = sorted((name, value) for name, value in params.items() if name != "signature")
    payload = "&".join(f"{name}={value}" for name, value in pairs)
    return hmac.digest(secret.encode(), payload.encode(), "sha256").hex()


def check_key_format(api_key: str) -> None:
    """Raises ApiError(-2014) for a key that can't be one."""
    if not _KEY_FORMAT.fullmatch(api_key):
        raise ApiError(401, -2014, "API-key format invalid.")


def unknown_key() -> ApiError:
    """The key has a good form and belongs to nobody."""
    return ApiError(401, -2015, "Invalid API-key, IP, or permissions for action.")


def check_signature(expected: str, received: str) -> None:
    """Raises ApiError(-1022) unless both are the same, compared in constant time."""
    if not hmac.compare_digest(expected.encode(), received.encode()):
        raise bad_request(-1022, "Signature for this request is not valid.")


def check_window(*, timestamp_ms: int, window_ms: Decimal, now_ns: int) -> None:
    """The venue's rule: not more than 1 s ahead of us, not older than recvWindow.

    Raises ApiError(-1021), or ApiError(-1131) for a window above a minute.
    """
    if not 0 < window_ms <= RECV_WINDOW_MS_MAX:
        raise bad_request(-1131, f"recvWindow must be less than {RECV_WINDOW_MS_MAX}")
    now_ms = now_ns // NS_PER_MS
    if timestamp_ms >= now_ms + AHEAD_MS_MAX:
        ahead = f"{AHEAD_MS_MAX}ms ahead of the server's time"
        raise bad_request(-1021, f"Timestamp for this request was {ahead}.")
    if now_ms - timestamp_ms > window_ms:
        raise bad_request(-1021, "Timestamp for this request is outside of the recvWindow.")
