"""Build the simulated venue of a paper run: account, fill terms and gateway."""

from decimal import Decimal
from functools import partial

import structlog

from quoter.app.settings_to_config import market_of
from quoter.app.startup import StartContext, StartFailed
from quoter.backtest.fill_terms import DelayOptions, FillTerms
from quoter.domain.instrument import Instrument
from quoter.domain.number_text import plain
from quoter.domain.step import Snapshot
from quoter.domain.units import BPS_PER_UNIT
from quoter.ledger.reader import Reader
from quoter.ledger.schema import LedgerUnusable
from quoter.paper.gateway import PaperGateway
from quoter.paper.venue import PaperAccount, PaperVenue
from quoter.service.exit_codes import ExitCode
from quoter.settings import Settings
from quoter.sim.truth import Truth
from quoter.tapes.market import spec_of
from quoter.venues.ccxt.gateway import CcxtGateway
from quoter.venues.config import VenueConfig
from quoter.venues.egress.gate import BlockReason

log = structlog.get_logger()

HOLDINGS = 2  # opening balance of each coin, in multiples of the inventory limit
NS_PER_US = 1_000  # trade ids begin at the start time in µs, so that no run uses one twice
FEE_OF_ACCOUNT = "the account's, as the venue reports it"
FEE_LISTED = "the fee of a new account, as ccxt lists it"
FEE_NOT_LISTED = "the maker fee: ccxt lists no taker fee"


def make_paper_gateway(
    started: StartContext, config: VenueConfig, public: CcxtGateway, block_reason: BlockReason
) -> PaperGateway:
    """Return the gateway to a simulated venue, which is built when the market's rules are read."""
    return PaperGateway(
        public, config, partial(_open_venue, started, public), started.clock.now_ns, block_reason
    )


def _open_venue(started: StartContext, public: CcxtGateway, rules: Instrument) -> PaperVenue:
    """Build the simulated venue with the ledger's account, and log its terms.

    Raises StartFailed.
    """
    settings, ledger = started.settings, started.ledger
    if ledger is None:
        raise AssertionError("unreachable: a dry run has no orders to simulate")
    account = paper_account(settings, ledger.reader, rules, start_ns=started.start_ns)
    terms = fill_terms(settings, started.start_ns)
    about = venue_terms(settings, rules, public) | terms.texts | account_terms(account)
    log.info("paper_venue", **about)
    taker = public.listed_taker_fee
    market = spec_of(rules, mid=rules.tick, fee_taker=rules.fee_maker if taker is None else taker)
    try:
        return PaperVenue(market, account, terms, started.clock.now_ns, about)
    except ValueError as error:
        text = (
            f"the paper account can't be continued: {error}: "
            "`quoter accept REASON` begins a new one"
        )
        raise StartFailed(ExitCode.START_FAILED, text) from None


def fill_terms(settings: Settings, start_ns: int) -> FillTerms:
    """Return fill model and latency of the simulated venue of a run.

    `start_ns` (UTC) is the seed of the random latency.
    """
    delay = DelayOptions(
        median_ms=settings.paper_latency_ms, spread=settings.paper_latency_spread, seed=start_ns
    )
    return FillTerms(fill_model=settings.paper_fill_model, delay=delay)


def paper_account(
    settings: Settings, reader: Reader | None, rules: Instrument, *, start_ns: int
) -> PaperAccount:
    """Return the account as the ledger records it, or a new one if it has none of this market."""
    trade_id_first = start_ns // NS_PER_US
    epoch = None if reader is None else reader.epoch(market_of(settings))
    if reader is None or epoch is None:
        return PaperAccount(
            balances=_opening_balances(settings, rules),
            trade_id_first=trade_id_first,
            is_continued=False,
        )
    newest = [int(known.fill.trade_id) for known in reader.last_fills(epoch.number, 1)]
    return PaperAccount(
        balances={**epoch.opening, **reader.traded_balances(epoch)},
        trade_id_first=max(trade_id_first, *(number + 1 for number in newest), 0),
        is_continued=True,
    )


def known_account(settings: Settings, rules: Instrument, *, start_ns: int) -> PaperAccount:
    """Return the account with which a run would start; a new account if there is no ledger."""
    try:
        with Reader(settings.data_dir) as reader:
            return paper_account(settings, reader, rules, start_ns=start_ns)
    except LedgerUnusable:
        return paper_account(settings, None, rules, start_ns=start_ns)


def _opening_balances(settings: Settings, rules: Instrument) -> dict[str, Decimal]:
    base, quote = settings.paper_base, settings.paper_quote
    if base is None:
        base = rules.floor_size(HOLDINGS * settings.inventory_max)
    if quote is None:  # no price is needed: an order is worth at most QUOTER_NOTIONAL_MAX
        orders = settings.inventory_max / settings.order_size
        quote = (HOLDINGS * orders * settings.notional_max).quantize(Decimal(1))
    return {rules.base: base, rules.quote: quote}


def venue_terms(settings: Settings, rules: Instrument, public: CcxtGateway) -> dict[str, str]:
    """Return rules and fees of the simulated venue, and the source of each fee, as texts."""
    taker = public.listed_taker_fee
    return {
        "market": f"{settings.exchange} {settings.system}",
        "tick": plain(rules.tick),
        "lot": plain(rules.lot),
        "size_min": plain(rules.size_min),
        "notional_min": plain(rules.notional_min),
        "fee_maker_bps": plain(rules.fee_maker * BPS_PER_UNIT),
        "fee_maker_from": fee_source(settings, is_of_account=False),
        "fee_taker_bps": plain((rules.fee_maker if taker is None else taker) * BPS_PER_UNIT),
        "fee_taker_from": FEE_NOT_LISTED if taker is None else FEE_LISTED,
    }


def fee_source(settings: Settings, *, is_of_account: bool) -> str:
    """Return the source of the maker fee. `is_of_account`: the venue reported it for the key."""
    if settings.fee_maker_bps is not None:
        return "QUOTER_FEE_MAKER_BPS"
    return FEE_OF_ACCOUNT if is_of_account else FEE_LISTED


def account_terms(account: PaperAccount) -> dict[str, str]:
    """Return the balances of the account and their source, as texts."""
    held = ", ".join(f"{plain(held)} {asset}" for asset, held in account.balances.items())
    came_from = "continued from the ledger" if account.is_continued else "a new account"
    return {"balances": held, "account": came_from}


def paper_end(code: ExitCode, truth: Truth, last: Snapshot) -> ExitCode:
    """Log the closing balances, and return the exit code.

    UNSETTLED replaces CLEAN if the engine's balances differ from those of the simulated venue.
    """
    is_equal = dict(last.balances) == truth.totals
    pnl = last.pnl
    log.info(
        "paper_account",
        balances={asset: plain(held) for asset, held in sorted(truth.totals.items())},
        ledger_equals_truth=is_equal,
        own_orders_left=len(truth.open_client_ids),
        fills_buy=last.fills_buy,
        fills_sell=last.fills_sell,
        pnl=plain(pnl.total),
        pnl_spread=plain(pnl.spread),
        pnl_inventory=plain(pnl.inventory),
        fees=plain(pnl.fees),
    )
    return ExitCode.UNSETTLED if code is ExitCode.CLEAN and not is_equal else code
