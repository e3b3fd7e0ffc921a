"""Identify what runs: version, and hashes of code, lock file, settings and key."""

import hashlib
import json
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import quoter
from quoter.app.settings_to_config import limits, market_of, run_id
from quoter.domain.number_text import plain
from quoter.ledger.rows import Manifest
from quoter.settings import Settings
from quoter.telemetry.metrics import Metrics

PACKAGE = Path(quoter.__file__).parent
LOCK_FILE = "requirements.lock"
HASH_CHARS = 16
KEY_SALT = b"quoter key id"  # so that the hash can't be compared with other hashes of the key


def manifest(settings: Settings, *, start_ns: int, api_key: str) -> Manifest:
    """Return the identity of a run for the ledger: hashes of code and settings, limits (RC-10).

    `start_ns`: UTC.
    """
    bounds = limits(settings)
    return Manifest(
        run=run_id(start_ns),
        version=package_version(),
        code_hash=code_hash(),
        lock_hash=_lock_hash(),
        config_hash=config_hash(settings),
        market=market_of(settings),
        limits={
            "inventory_max": plain(bounds.inventory_max),
            "size_max": plain(bounds.size_max),
            "notional_max": plain(bounds.notional_max),
            "price_collar": plain(bounds.price_collar),
            "loss_max": plain(bounds.loss_max),
            "position_notional_max": str(bounds.position_notional_max),
        },
        key_hash=_hash(KEY_SALT + api_key.encode()) if api_key else "",
        started_ns=start_ns,
    )


def metrics_of(settings: Settings) -> Metrics:
    """Return the metrics, labelled with the hashes of code and settings."""
    metrics = Metrics(
        symbol=settings.symbol, venue=settings.exchange, environment=settings.environment
    )
    metrics.process.set_run_info(code=code_hash(), config=config_hash(settings))
    return metrics


def config_hash(settings: Settings) -> str:
    """Return the hash of all settings; of a secret it covers only whether it is set."""
    return _hash(json.dumps(settings.redacted(), sort_keys=True).encode())


@cache
def code_hash() -> str:
    """Return the hash of the paths and contents of all modules of the package."""
    total = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        total.update(str(path.relative_to(PACKAGE)).encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()[:HASH_CHARS]


def _lock_hash() -> str:
    try:
        return _hash((PACKAGE.parent / LOCK_FILE).read_bytes())
    except OSError:
        return ""


def package_version() -> str:
    """Return the version of the installed package."""
    try:
        return version("quoter")
    except PackageNotFoundError:
        return "unknown"


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:HASH_CHARS]
