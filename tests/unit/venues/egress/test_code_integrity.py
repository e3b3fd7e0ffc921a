"""A replaced library, or one replaced method, is detected before it gets our key."""

import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path

import ccxt
import ccxt.async_support
import ccxt.pro
import pytest
from ccxt.async_support.base.throttler import Throttler

from quoter.app.daemon import trade
from quoter.app.startup import StartFailed
from quoter.domain.errors import CodeAltered
from quoter.service.exit_codes import ExitCode
from quoter.settings import FixedSettings
from quoter.venues.ccxt.client import guarded_class
from quoter.venues.egress import code_integrity
from quoter.venues.egress.code_integrity import PINNED, RECORD_DIGEST, check_code, digest, recorded

SITE = Path(ccxt.__file__).parents[1]
SMALL = "ccxt/async_support/base/throttler.py"


def test_pinned_version_and_digest_match_the_lock_file() -> None:
    """For a new ccxt: review its changes, then update version and digest in code_integrity.py."""
    assert distribution("ccxt").version == PINNED
    assert digest(recorded(distribution("ccxt"))) == RECORD_DIGEST
    assert f"ccxt=={PINNED}" in (distribution("quoter").requires or [])


@pytest.mark.parametrize("exchange", ["binance", "bybit", "okx", "kraken"])
def test_unchanged_ccxt_passes(exchange: str) -> None:
    check_code(guarded_class(exchange))


async def test_camel_case_names_made_by_ccxt_pass() -> None:
    """`fetchBalance` beside `fetch_balance`, set on the class by its first object."""
    exchange = ccxt.pro.binance()
    await exchange.close()
    assert "fetchBalance" in vars(ccxt.pro.binance)
    check_code(guarded_class("binance"))


def evil(*_: object, **__: object) -> object:
    return {}


@pytest.mark.parametrize("patched", ["plain", "wrapped"])
@pytest.mark.parametrize(
    ("owner", "method"),
    [
        (ccxt.async_support.binance, "sign"),
        (ccxt.async_support.binance, "describe"),
        (ccxt.async_support.binance, "create_order"),
        (ccxt.pro.binance, "authenticate"),
        (ccxt.async_support.Exchange, "fetch"),
        (ccxt.Exchange, "prepare_request_headers"),
        (Throttler, "looper"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_replaced_method_is_detected(
    owner: type, method: str, patched: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`functools.wraps` gives a patch the name of the method that it replaced."""
    inherited = next(base for base in owner.__mro__ if method in vars(base))
    was = vars(inherited)[method]
    target = was.__func__ if isinstance(was, staticmethod) else was
    patch: Callable[..., object] = functools.wraps(target)(evil) if patched == "wrapped" else evil
    monkeypatch.setattr(inherited, method, patch)
    with pytest.raises(CodeAltered, match=rf"{method} was replaced"):
        check_code(guarded_class("binance"))


def test_swapped_method_of_ccxt_is_detected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ccxt.async_support.binance, "sign", ccxt.async_support.Exchange.sign)
    monkeypatch.setattr(ccxt.pro.binance, "cancel_order", ccxt.pro.binance.create_order)
    with pytest.raises(CodeAltered, match="cancel_order was replaced"):
        check_code(guarded_class("binance"))


def test_class_from_another_package_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    """A malicious package once subclassed the real exchange and took its place."""
    fake = type("binance", (ccxt.pro.binance,), {"__module__": "ccxt.pro.binance", "sign": evil})
    monkeypatch.setattr(ccxt.pro, "binance", fake)
    with pytest.raises(CodeAltered, match="sign was replaced"):
        check_code(guarded_class("binance"))
    with pytest.raises(CodeAltered, match="not an exchange"):
        check_code(Distribution)


async def test_daemon_does_not_start_with_a_replaced_sign_method(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ccxt.async_support.binance, "sign", evil)
    settings = FixedSettings(
        data_dir=tmp_path,
        inventory_max=Decimal(1),
        order_size=Decimal("0.1"),
        loss_max=Decimal(1),
        notional_max=Decimal(1_000),
    )
    with pytest.raises(StartFailed, match=r"sign was replaced: install the locked") as stopped:
        await trade(settings)
    assert stopped.value.code is ExitCode.INTEGRITY


def altered(folder: Path, change: Callable[[str], str]) -> Distribution:
    """The installed package's metadata with a changed RECORD."""
    papers = next(SITE.glob("ccxt-*.dist-info"))
    copy = folder / papers.name
    copy.mkdir()
    for name in ("METADATA", "RECORD"):
        shutil.copy(papers / name, copy / name)
    (copy / "RECORD").write_text(change((copy / "RECORD").read_text()))
    return PathDistribution(copy)


def test_changed_record_file_is_detected(tmp_path: Path) -> None:
    """An attacker can also change RECORD; the digest in our own code detects that."""
    found = altered(tmp_path, lambda record: re.sub(f"({SMALL},sha256=).", r"\1A", record))
    with pytest.raises(CodeAltered, match="file list"):
        check_code(guarded_class("binance"), installed=found)


def test_code_outside_the_package_folder_is_detected(tmp_path: Path) -> None:
    with pytest.raises(CodeAltered, match="is not loaded from"):
        check_code(guarded_class("binance"), installed=altered(tmp_path, str))


def test_another_version_is_detected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_integrity, "PINNED", "4.5.91")
    with pytest.raises(CodeAltered, match=rf"is {PINNED}, but quoter requires 4\.5\.91"):
        check_code(guarded_class("binance"))


def link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


@pytest.mark.slow
def test_changed_file_ends_the_process_with_exit_code_42(tmp_path: Path) -> None:
    site = tmp_path / "site"
    for name in ("ccxt", next(SITE.glob("ccxt-*.dist-info")).name):
        shutil.copytree(SITE / name, site / name, copy_function=link)
    changed = site / SMALL
    content = changed.read_text()
    changed.unlink()  # a hard link to the installed file
    changed.write_text(content + "\n# and one line more\n")
    ended = subprocess.run(
        [sys.executable, "-m", "quoter.cli", "run"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{site}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
            "QUOTER_DATA_DIR": str(tmp_path),
            "QUOTER_SECRETS_DIR": str(tmp_path),
            "QUOTER_INVENTORY_MAX": "1",
            "QUOTER_ORDER_SIZE": "0.1",
            "QUOTER_LOSS_MAX": "1",
            "QUOTER_NOTIONAL_MAX": "1000",
        },
    )
    assert ended.returncode == ExitCode.INTEGRITY
    (line,) = (line for line in ended.stderr.splitlines() if "start_failed" in line)
    assert f"{SMALL} was changed after it was installed" in line
    assert "Traceback" not in ended.stderr
