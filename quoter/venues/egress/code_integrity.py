"""Integrity check of ccxt, the code that signs our requests; runs once at the start (SE-11).

A malicious copy of ccxt once replaced `describe`, `sign` and `prepare_request_headers` to steal
keys. So the files of every class that will hold our key are compared with the wheel of the pinned
version. Every method of those classes must be the one that its file defines.

Not detected: bytecode changed under unchanged source, and changes in other packages.
"""

import csv
import hashlib
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from types import FunctionType, ModuleType

from ccxt.base.types import Entry

from quoter.domain.errors import CodeAltered

PACKAGE = "ccxt"
ENDPOINT = Entry("", [], "GET", {}).unbound_method.__code__
PINNED = "4.5.90"
# SHA-256 over path and hash of every module in that version's RECORD; tests print a new one.
RECORD_DIGEST = "a98ed0f97e31a3aa26a1df05fe5f1621c86d5663e97d5b4e1a64a5a5464a8f15"


def check_code(exchange_class: type, *, installed: Distribution | None = None) -> None:
    """Raise CodeAltered unless ccxt's part of this class is unchanged; takes about 10 ms."""
    try:
        dist = installed or distribution(PACKAGE)
    except PackageNotFoundError:
        raise CodeAltered(f"{PACKAGE} is not installed as a package") from None
    if dist.version != PINNED:
        raise CodeAltered(f"{PACKAGE} is {dist.version}, but quoter requires {PINNED}")
    record = recorded(dist)
    if digest(record) != RECORD_DIGEST:
        raise CodeAltered(f"the file list of {PACKAGE} {PINNED} differs from its release")
    for module in _modules(exchange_class):
        _check_file(dist, module, record)
        for owner in vars(module).values():
            if isinstance(owner, type) and owner.__module__ == module.__name__:
                _check_methods(owner, module)
    for owner in _ours_of(exchange_class):
        _check_methods(owner, sys.modules[owner.__module__])


def recorded(dist: Distribution) -> dict[str, str]:
    """Return the hash of every module of the wheel by path, from its RECORD."""
    rows = csv.reader((dist.read_text("RECORD") or "").splitlines())
    return {
        row[0]: row[1]
        for row in rows
        if len(row) > 1 and row[0].startswith(f"{PACKAGE}/") and row[0].endswith(".py")
    }


def digest(record: Mapping[str, str]) -> str:
    """Return one hash over all paths and hashes that `recorded` returns."""
    lines = "".join(f"{path},{code}\n" for path, code in sorted(record.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _ours_of(exchange_class: type) -> Iterator[type]:
    """Yield this class and its ancestors that are ccxt's."""
    for owner in exchange_class.__mro__:
        if owner.__module__.partition(".")[0] == PACKAGE:
            yield owner


def _modules(exchange_class: type) -> list[ModuleType]:
    """Return the modules of those classes, and of ccxt's base: sessions, sockets, signatures.

    Raises CodeAltered if the class is not ccxt's.
    """
    names = {owner.__module__ for owner in _ours_of(exchange_class)}
    if not names:
        raise CodeAltered(f"{exchange_class.__name__} is not an exchange of {PACKAGE}")
    names |= {PACKAGE, f"{PACKAGE}.pro", f"{PACKAGE}.async_support"}
    names |= {
        name
        for name in list(sys.modules)
        if name.startswith(f"{PACKAGE}.") and {"base", "static_dependencies"} & {*name.split(".")}
    }
    return [sys.modules[name] for name in sorted(names)]


def _check_file(dist: Distribution, module: ModuleType, record: Mapping[str, str]) -> None:
    path = Path(module.__file__ or "").resolve()
    home = Path(str(dist.locate_file(""))).resolve()
    name = path.relative_to(home).as_posix() if path.is_relative_to(home) else str(path)
    if name not in record:
        raise CodeAltered(f"{module.__name__} is not loaded from {PACKAGE} {PINNED}")
    content = hashlib.sha256(path.read_bytes()).digest()
    if f"sha256={urlsafe_b64encode(content).decode().rstrip('=')}" != record[name]:
        raise CodeAltered(f"{name} was changed after it was installed")


def _check_methods(owner: type, module: ModuleType) -> None:
    """Raise CodeAltered unless every function of a class is defined in its file or an ancestor's.

    The origin of the code is checked, because `functools.wraps` copies names only. When the first
    object of a class is made, ccxt itself adds second names in camel case to its methods.
    """
    endpoints = _endpoints(owner)
    for name, value in vars(owner).items():
        function = _function(value)
        if function is not None and not _is_own(owner, name, function, endpoints):
            raise CodeAltered(f"{module.__name__}.{owner.__qualname__}.{name} was replaced")


def _endpoints(owner: type) -> set[tuple[str, FunctionType]]:
    """Return ccxt's generated endpoint methods, by names without case and underscores."""
    return {
        (_letters(name), value.unbound_method)
        for base in owner.__mro__
        for name, value in vars(base).items()
        if isinstance(value, Entry)
    }


def _is_own(
    owner: type, name: str, function: FunctionType, endpoints: set[tuple[str, FunctionType]]
) -> bool:
    """Whether the function is defined under this name, or is a generated endpoint of this name."""
    home, _, defined = function.__qualname__.rpartition(".")
    for base in owner.__mro__:
        if (
            base.__qualname__ == home
            and base.__module__ == function.__module__
            and _function(vars(base).get(defined)) is function
            and function.__code__.co_filename == sys.modules[base.__module__].__file__
        ):
            return name == defined or _letters(name) == _letters(defined)
    return function.__code__ is ENDPOINT and (_letters(name), function) in endpoints


def _letters(name: str) -> str:
    return name.replace("_", "").lower()


def _function(value: object) -> FunctionType | None:
    inner = value.__func__ if isinstance(value, staticmethod | classmethod) else value
    return inner if isinstance(inner, FunctionType) else None
