"""Checks of a secret's form before its use; they find mistakes made while copying it.

A venue answers a damaged key only with "invalid signature". The errors here name the mistake and
never contain any part of the value.
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64

BYTE_ORDER_MARK = "\ufeff"
QUOTES = "'\"`“”‘’"
ASSIGNMENT = re.compile(r"(export\s+)?[A-Z][A-Z0-9]*(_[A-Z0-9]+)+\s*=.")
PAIR = re.compile(r"[A-Za-z_]\w*[=:]+[^=]")  # in base64, = is at the end only; no key has a colon
PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\n(.+)\n-----END \1-----", re.DOTALL)
PEM_START = "-----BEGIN "
# Object identifiers of the kinds of private keys, near the start of the DER data (RFC 8410, 3279).
ED25519, RSA = bytes.fromhex("06032b6570"), bytes.fromhex("06092a864886f70d010101")
KIND_WITHIN = 40  # number of bytes from the start that are searched for the identifier
REFUSED_KINDS = {
    "PUBLIC KEY": "is the public key: the private one is required",
    "RSA PUBLIC KEY": "is the public key: the private one is required",
    "CERTIFICATE": "is a certificate: the private key is required",
    "ENCRYPTED PRIVATE KEY": "is encrypted: quoter can't ask for its passphrase",
    "OPENSSH PRIVATE KEY": "is in OpenSSH's format: make it with `openssl genpkey`",
    "EC PRIVATE KEY": "is an EC key: an Ed25519 or RSA key is required",
}
KEY_IDS = ("api_key", "sentinel_api_key")  # public ids of keys
KEYS = (*KEY_IDS, "api_secret", "sentinel_api_secret")  # made by the venue or by openssl


def checked_secret(field: str, text: str) -> str:
    r"""Return the secret of a setting in the form in which it is sent or used to sign.

    Surrounding blanks are removed. In a private key (PEM), `\n` written as two characters is
    replaced by a line end: environment files need keys in one line. Raises ValueError.
    """
    text = text.strip()
    if text.startswith(BYTE_ORDER_MARK):
        raise ValueError("starts with a byte order mark: save it as UTF-8 without one")
    if text[:1] in QUOTES and text[:1]:
        raise ValueError("is in quotes: remove them")
    if ASSIGNMENT.match(text) or (field in KEYS and PAIR.match(text)):
        raise ValueError("is NAME=value: keep only the value")
    if field in KEYS and text[:1] in tuple("{["):
        raise ValueError("is JSON: keep only the value")
    if field in KEYS and text.startswith(PEM_START):
        if field in KEY_IDS:
            raise ValueError("is a private key: it belongs in the secret, not in the key")
        return _private_key(text.replace("\\n", "\n").replace("\r", ""))
    if len(text.splitlines()) > 1:
        raise ValueError("has more than one line")
    if not text.isprintable() or (field in KEYS and not _is_ascii_word(text)):
        raise ValueError(
            "has a blank, an invisible character, or another character that no key contains"
        )
    return text


def _private_key(text: str) -> str:
    """Return a PEM key with stripped lines. Raises ValueError unless it is Ed25519 or RSA."""
    text = "\n".join(line.strip() for line in text.splitlines() if line.strip())
    found = PEM.fullmatch(text)
    if found is None:
        raise ValueError("is incomplete: a private key has a BEGIN line, its text and an END line")
    kind, body = found.groups()
    if kind in REFUSED_KINDS or "ENCRYPTED" in body:
        raise ValueError(REFUSED_KINDS.get(kind, REFUSED_KINDS["ENCRYPTED PRIVATE KEY"]))
    try:
        raw = b64decode("".join(body.split()), validate=True)
    except NotBase64:
        raise ValueError("is damaged: its text is not base64") from None
    is_known = kind == "RSA PRIVATE KEY" or any(
        mark in raw[:KIND_WITHIN] for mark in (ED25519, RSA)
    )
    if not is_known:
        raise ValueError("is of another kind: an Ed25519 or RSA private key is required")
    return text


def _is_ascii_word(text: str) -> bool:
    return text.isascii() and not any(char.isspace() for char in text)
