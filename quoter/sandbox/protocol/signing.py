"""Authentication of requests: API keys, signatures (HMAC-SHA256 or Ed25519) and recvWindow."""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from decimal import Decimal

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from quoter.domain.units import NS_PER_MS
from quoter.sandbox.config import Account
from quoter.sandbox.protocol.answers import ApiError, bad_request

RECV_WINDOW_MS = 5_000  # default of the request parameter
RECV_WINDOW_MS_MAX = 60_000
AHEAD_MS_MAX = 1_000  # maximum lead of a client's clock

_KEY_FORMAT = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SIGNATURE_PARAMETER = re.compile(r"(^|&)signature=[^&]*")


def rest_signature(payload: str, secret: str) -> str:
    """Return the hex HMAC-SHA256 of query and body as sent, without `signature`."""
    return hmac.digest(secret.encode(), payload.encode(), "sha256").hex()


def unsigned(payload: str) -> str:
    """Return the raw payload without its `signature` parameter."""
    return _SIGNATURE_PARAMETER.sub("", payload, count=1).removeprefix("&")


def socket_payload(params: Mapping[str, str]) -> str:
    """Return the text to be signed: `name=value` pairs, sorted by name, without `signature`."""
    pairs = sorted((name, value) for name, value in params.items() if name != "signature")
    return "&".join(f"{name}={value}" for name, value in pairs)


def public_key(pem: str) -> Ed25519PublicKey:
    """Read an Ed25519 public key. Raises ValueError for any other text."""
    try:
        key = load_pem_public_key(pem.encode())
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from None
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("it is a public key of another kind than Ed25519")
    return key


def check_key_format(api_key: str) -> None:
    """Raise ApiError(-2014) for a key of invalid form."""
    if not _KEY_FORMAT.fullmatch(api_key):
        raise ApiError(401, -2014, "API-key format invalid.")


def unknown_key() -> ApiError:
    """Return the error of a key that has a valid form but no account."""
    return ApiError(401, -2015, "Invalid API-key, IP, or permissions for action.")


def check_signature(account: Account, payload: str, received: str) -> None:
    """Raise ApiError(-1022) unless the account's key signed the payload.

    An Ed25519 signature is in base64. An HMAC signature is in hex, and compared in constant time.
    """
    if account.public_key:
        is_valid = _is_ed25519(account.public_key, payload, received)
    else:
        expected = rest_signature(payload, account.secret)
        is_valid = hmac.compare_digest(expected.encode(), received.encode())
    if not is_valid:
        raise bad_request(-1022, "Signature for this request is not valid.")


def _is_ed25519(pem: str, payload: str, received: str) -> bool:
    try:
        signature = base64.b64decode(received, validate=True)
        public_key(pem).verify(signature, payload.encode())
    except (binascii.Error, InvalidSignature):
        return False
    return True


def check_window(*, timestamp_ms: int, window_ms: Decimal, now_ns: int) -> None:
    """Check the timestamp: less than 1 s in the future and not older than recvWindow.

    Raises ApiError(-1021), or ApiError(-1131) for a window above one minute.
    """
    if not 0 < window_ms <= RECV_WINDOW_MS_MAX:
        raise bad_request(-1131, f"recvWindow must be less than {RECV_WINDOW_MS_MAX}")
    now_ms = now_ns // NS_PER_MS
    if timestamp_ms >= now_ms + AHEAD_MS_MAX:
        ahead = f"{AHEAD_MS_MAX}ms ahead of the server's time"
        raise bad_request(-1021, f"Timestamp for this request was {ahead}.")
    if now_ms - timestamp_ms > window_ms:
        raise bad_request(-1021, "Timestamp for this request is outside of the recvWindow.")
