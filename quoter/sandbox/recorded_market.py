"""A market of the sandbox from a tape, with balances to trade it."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from quoter.sandbox.config import SandboxConfig
from quoter.sim.messages import MarketSpec
from quoter.tapes.binance_raw import read_lines, spot_only
from quoter.tapes.market import recorded_market

WORTH = Decimal(200_000)  # worth of each added coin in every account, in the quote currency


def with_recorded_market(
    config: SandboxConfig, symbol: str, files: Sequence[Path], filters: Path | None
) -> SandboxConfig:
    """Return the configuration with the market of a tape, and balances of its coins.

    A configured market of this symbol is kept if the tape fits its tick and lot. Raises TapeError.
    """
    rows = (row for _, row in spot_only(read_lines(files, symbol)))
    own = next((market for market in config.markets if market.symbol == symbol), None)
    market = recorded_market(rows, symbol, filters=filters, own=own)
    markets = tuple(market if each is own else each for each in config.markets)
    if own is None:
        markets = (*markets, market)
    return _funded(replace(config, markets=markets), market)


def _funded(config: SandboxConfig, market: MarketSpec) -> SandboxConfig:
    """Return the configuration with balances of the market's coins in each account."""
    sizes = {market.quote: WORTH, market.base: WORTH / market.mid // market.lot * market.lot}
    accounts = []
    for account in config.accounts:
        held = {asset for asset, _ in account.balances}
        more = tuple((asset, size) for asset, size in sizes.items() if asset not in held)
        accounts.append(replace(account, balances=(*account.balances, *more)))
    return replace(config, accounts=tuple(accounts))
