"""What the ledger holds, as values; amounts are exact and kept as text."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from quoter.domain.events import Fill
from quoter.domain.market import Side

FILL_COLUMNS = (
    "trade_id, kind, client_id, venue_id, side, price, size, fee, fee_asset, is_maker, ts_ns"
)

type FillRow = tuple[str, str, str, str, str, str, str, str, str, int, int]


class Market(NamedTuple):
    """Whose books these are: each market has its own epochs."""

    environment: str
    exchange: str
    symbol: str


class FillKind(StrEnum):
    """What a fill that the venue told means for our books."""

    BOOKED = "booked"
    ORPHAN = "orphan"  # of no order that we know, until one claims it
    BEFORE = "before"  # happened before the epoch opened: its opening balances have it


class KnownFill(NamedTuple):
    """A fill as the ledger has it."""

    fill: Fill
    kind: FillKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """Books from one opening on: balances by asset when no order of ours was open."""

    number: int
    market: Market
    opened_ns: int
    opening: Mapping[str, Decimal]
    target: Decimal  # what QUOTER_TARGET=auto means: the base position at the opening
    sealed_ns: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """An order that may have left us; base units and quote per base."""

    client_id: str
    side: Side
    price: Decimal
    size: Decimal
    ts_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What ran (RC-10). Hashes are hex, empty where there is nothing to hash; no secret."""

    run: str
    version: str
    code_hash: str
    lock_hash: str
    config_hash: str
    market: Market
    limits: Mapping[str, str]
    key_hash: str
    started_ns: int


class RunRow(NamedTuple):
    """A run and how it ended; None where it did not, or was killed."""

    run: str
    version: str
    market: Market
    started_ns: int
    ended_ns: int | None
    exit_code: int | None


class Operation(NamedTuple):
    """What somebody asked of a running daemon, and what became of it; never a token."""

    ts_ns: int
    actor: str
    action: str
    reason: str
    fields: str  # what else was given, as JSON
    result: str


def fill_row(known: KnownFill) -> FillRow:
    """In the order of FILL_COLUMNS."""
    fill = known.fill
    return (
        fill.trade_id,
        known.kind.value,
        fill.client_id,
        fill.venue_id,
        fill.side.value,
        str(fill.price),
        str(fill.size),
        str(fill.fee),
        fill.fee_asset,
        int(fill.is_maker),
        fill.ts_ns,
    )


def known_fill(row: FillRow) -> KnownFill:
    """Back from the columns of FILL_COLUMNS."""
    trade_id, kind, client_id, venue_id, side, price, size, fee, fee_asset, is_maker, ts_ns = row
    fill = Fill(
        ts_ns=ts_ns,
        trade_id=trade_id,
        client_id=client_id,
        venue_id=venue_id,
        side=Side(side),
        price=Decimal(price),
        size=Decimal(size),
        fee=Decimal(fee),
        fee_asset=fee_asset,
        is_maker=bool(is_maker),
    )
    return KnownFill(fill, FillKind(kind))


def amounts_text(amounts: Mapping[str, Decimal]) -> str:
    return json.dumps({asset: str(amount) for asset, amount in sorted(amounts.items())})


def amounts_of(text: str) -> dict[str, Decimal]:
    return {asset: Decimal(amount) for asset, amount in json.loads(text).items()}
