"""Checks of a secret's form before it is used: they find mistakes made while copying it.

A venue only answers a damaged key with "invalid signature". The errors here name the mistake
and never contain any part of the value.
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64

BYTE_ORDER_MARK = "\ufeff"
QUOTES = "'\"`“”‘’"
ASSIGNMENT = re.compile(r"(export\s+)?[A-Z][A-Z0-9]*(_[A-Z0-9]+)+\s*=.")
PAIR = re.compile(r"[A-Za-z_]\w*[=:]+[^=]")  # base64 has = at its end only, no key has a colon
PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\n(.+)\n-----END \1-----", re.DOTALL)
PEM_START = "-----BEGIN "
# What a private key begins with inside: the object identifier of its kind (RFC 8410, RFC 3279).
ED25519, RSA = bytes.fromhex("06032b6570"), bytes.fromhex("06092a864886f70d010101")
KIND_WITHIN = 40  # bytes from the start that contain the identifier
REFUSED_KINDS = {
    "PUBLIC KEY": "is the public key: the private one is required",
    "RSA PUBLIC KEY": "is the public key: the private one is required",
    "CERTIFICATE": "is a certificate: the private key is required",
    "ENCRYPTED PRIVATE KEY": "is encrypted: quoter can't ask for its passphrase",
    "OPENSSH PRIVATE KEY": "is in OpenSSH's format: make it with `openssl genpkey`",
    "EC PRIVATE KEY": "is an EC key: an Ed25519 or RSA key is required",
}
KEY_IDS = ("api_key", "sentinel_api_key")  # the public name of a key
KEYS = (*KEY_IDS, "api_secret", "sentinel_api_secret")  # made by the venue or by openssl


def checked_secret(field: str, text: str) -> str:
    r"""Return the secret of a setting as it is sent or signed with. Raises ValueError.

    Surrounding blanks are removed. A private key (PEM) gets real line ends, also where they were
    written as `\n` in one line, as environment files require it.
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
    """Return a PEM key with its lines stripped. Raises ValueError unless it is Ed25519 or RSA."""
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
