"""The rows of the ledger as values. Amounts are exact and stored as text."""

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
    """The market that books belong to. Each market has its own epochs."""

    environment: str
    exchange: str
    symbol: str


class FillKind(StrEnum):
    """How a reported fill is treated in our books."""

    BOOKED = "booked"
    UNMATCHED = "unmatched"  # its order is unknown; booked once the order is known
    BEFORE = "before"  # executed before the epoch was opened: included in its opening balances


class KnownFill(NamedTuple):
    """A fill as stored in the ledger."""

    fill: Fill
    kind: FillKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """A period of the ledger.

    opening: balances at its start, when no order of ours was open.
    """

    number: int
    market: Market
    opened_ns: int
    opening: Mapping[str, Decimal]
    target: Decimal  # value of QUOTER_TARGET=auto: the base position at the opening
    sealed_ns: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """An order that may have been sent; size in base units, price in quote per base.

    venue_id: empty until the venue has named the order.
    """

    client_id: str
    side: Side
    price: Decimal
    size: Decimal
    ts_ns: int
    venue_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Code, settings and key of a run (RC-10). Hashes are hex, or empty if unknown; no secrets."""

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
    """A run; `ended_ns` and `exit_code` are None while it runs and after a crash."""

    run: str
    version: str
    market: Market
    started_ns: int
    ended_ns: int | None
    exit_code: int | None


class Operation(NamedTuple):
    """A request to a running daemon and its result, without tokens."""

    ts_ns: int
    actor: str
    action: str
    reason: str
    fields: str  # the other parameters, as JSON
    result: str


def fill_row(known: KnownFill) -> FillRow:
    """Return the values of FILL_COLUMNS for a fill."""
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
    """Return the fill with these values of FILL_COLUMNS."""
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
