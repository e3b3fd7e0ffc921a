"""A re-arm without network or token: what `quoter rearm` leaves in the data folder, and its answer.

Whoever holds the folder reads the request; whoever asked reads the answer, until the latch is gone.
"""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple, Self

from quoter.telemetry.redaction import clean

ANSWER = "rearm-answer.json"
ANSWER_BYTES_MAX = 4_096
AMOUNT_CHARS_MAX = 64
NO_REASON = "quoter rearm"


def parse_amount(text: str) -> Decimal:
    """An exact, finite amount of base units. Raises ValueError."""
    try:
        amount = Decimal(text if len(text) <= AMOUNT_CHARS_MAX else "")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise ValueError("must be a number of base units")
    return amount


class RearmRequest(NamedTuple):
    """The content of the file: kill id and accepted inventory, on the next line the reason."""

    kill_id: str
    accept_inventory: Decimal | None = None  # as in `Rearming`
    reason: str = NO_REASON

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of `str`; a person may have written it. Raises ValueError."""
        first, _, reason = text.partition("\n")
        kill_id, _, amount = first.strip().partition(" ")
        accepted = parse_amount(amount) if amount else None
        return cls(kill_id, accepted, clean(reason.strip()) or NO_REASON)

    def __str__(self) -> str:
        amount = "" if self.accept_inventory is None else f" {self.accept_inventory}"
        return f"{self.kill_id}{amount}\n{self.reason}"


@dataclass(frozen=True, slots=True)
class RearmAnswer:
    """Why the kill of this id is not lifted; nobody will try again if it is final."""

    kill_id: str
    text: str
    is_final: bool

    def write(self, folder: Path) -> None:
        """Whole or not at all; not synced, its reader runs beside us. Raises OSError."""
        path = folder / ANSWER
        part = path.with_suffix(".part")
        part.write_text(json.dumps(asdict(self)), encoding="utf-8")
        part.replace(path)

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """What is there; None if nothing is, or nothing that makes sense."""
        try:
            with (folder / ANSWER).open("rb") as file:
                raw = json.loads(file.read(ANSWER_BYTES_MAX))
            return cls(str(raw["kill_id"]), clean(str(raw["text"])), raw["is_final"] is True)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @staticmethod
    def forget(folder: Path) -> None:
        """Remove that of an earlier request."""
        with suppress(OSError):
            (folder / ANSWER).unlink()
