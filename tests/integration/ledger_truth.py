"""Comparison of the ledger in a data folder with the sandbox."""

from decimal import Decimal
from pathlib import Path

from quoter.ledger.reader import Reader
from quoter.ledger.rows import Epoch, FillKind, Market
from quoter.state.inventory import payload
from tests.integration.sandbox_client import RunningSandbox

MARKET = Market("sandbox", "binance", "BTC/USDT")
ZERO = Decimal(0)


def open_epoch(folder: Path) -> Epoch:
    """Return the open epoch of the only market."""
    with Reader(folder) as reader:
        epoch = reader.epoch(MARKET)
    assert epoch is not None
    return epoch


def ledger_against_truth(folder: Path, sandbox: RunningSandbox) -> str:
    """Return all differences of trades, orders and balances; empty if there are none.

    Valid for one epoch without foreign trades on the account.
    """
    truth = sandbox.server.venue.exchange.truth
    account = sandbox.one.api_key
    with Reader(folder) as reader:
        epoch = reader.epoch(MARKET)
        assert epoch is not None
        known = list(reader.fills(epoch.number))
        booked = {each.fill.trade_id: each.fill for each in known if each.kind is FillKind.BOOKED}
        names = {fill.client_id for fill in booked.values()}
        sent = {name for name in names if reader.is_known_order(name, epoch.number)}
    balances = dict(epoch.opening)
    for fill in booked.values():
        sign = fill.side.sign
        for asset, amount in (
            ("BTC", sign * fill.size),
            ("USDT", -sign * fill.size * fill.price),
            (fill.fee_asset, -fill.fee),
        ):
            balances[asset] = balances.get(asset, ZERO) + amount
    theirs = {
        str(trade.trade_id): (trade.side, trade.price, trade.size, trade.fee, trade.fee_asset)
        for trade in truth.trades
        if trade.account == account
    }
    ours = {trade_id: payload(fill) for trade_id, fill in booked.items()}
    holdings = truth.balances(account)
    lines = [
        *(f"trade {name}: not in the ledger" for name in theirs.keys() - ours.keys()),
        *(f"trade {name}: only in the ledger" for name in ours.keys() - theirs.keys()),
        *(
            f"trade {name}: ledger {ours[name]}, truth {theirs[name]}"
            for name in ours.keys() & theirs.keys()
            if ours[name] != theirs[name]
        ),
        *(f"a fill of {name}, which no run of ours sent" for name in names - sent),
        *(
            f"{asset}: ledger {balances.get(asset, ZERO)}, truth {held}"
            for asset, held in holdings.items()
            if balances.get(asset, ZERO) != held
        ),
    ]
    return "\n".join(lines)


def unsettled(folder: Path) -> list[str]:
    """Return orders that may have been sent and have no end in the ledger."""
    with Reader(folder) as reader:
        epoch = reader.epoch(MARKET)
        assert epoch is not None
        return [intent.client_id for intent in reader.unsettled(epoch.number)]
