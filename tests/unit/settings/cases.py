"""Helpers for the tests of settings: limits, a secret, and the text of a refusal."""

from collections.abc import Callable
from pathlib import Path

import pytest

from quoter.domain.errors import BadSetting
from quoter.settings import load

CANARY = "c4n4ry-S3cret"


LIMITS = {
    "QUOTER_INVENTORY_MAX": "0.05",
    "QUOTER_ORDER_SIZE": "0.005",
    "QUOTER_LOSS_MAX": "100",
    "QUOTER_NOTIONAL_MAX": "1000",
}


type Given = Callable[..., None]


def complaint(*, dry_run: bool = False) -> str:
    """Load the settings and return the text of the refusal."""
    with pytest.raises(BadSetting) as caught:
        load(dry_run=dry_run)
    assert caught.value.__cause__ is None
    return str(caught.value)


def secret_files(given: Given, folder: Path, mode: int, **more: str) -> None:
    """Write the API key and secret into files of the mode, and set the settings."""
    for name in ("key", "secret"):
        path = folder / name
        path.write_text(CANARY)
        path.chmod(mode)
    given(
        api_key_file=str(folder / "key"),
        api_secret_file=str(folder / "secret"),
        i_accept_production="binance",
        **more,
    )
