"""Reconcile the ledger with the venue at a start.

Fills made since the last run are booked first. Then three things are compared: trades that both
sides have, the filled size of each order, and the balances (opening of the epoch plus fills). A
difference refuses the start. If a venue with play money was reset, a new epoch begins instead. No
fill is invented to explain a difference.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

import structlog

from quoter.app.startup import StartFailed, until_available
from quoter.domain.commands import CancelOrder, QueryOrder, RequestReport
from quoter.domain.errors import VenueUnavailable
from quoter.domain.events import (
    BalanceReport,
    Fill,
    OrderDone,
    OrderNotFound,
    OrderOpen,
    ReportEvent,
    ReportFailed,
    TradesReport,
)
from quoter.domain.instrument import Instrument
from quoter.domain.number_text import plain
from quoter.domain.orders import OrderState
from quoter.domain.reasons import DoneReason, ReportKind
from quoter.domain.trading import CancelReason
from quoter.ledger.ledger import Ledger
from quoter.ledger.rows import Epoch, FillKind, Intent, KnownFill
from quoter.service.clock import Clock
from quoter.service.exit_codes import ExitCode
from quoter.settings import Environment
from quoter.state.inventory import (
    TRADE_IDS_MAX,
    LedgerConflict,
    fill_text,
    is_execution,
    payload,
)
from quoter.venues.ports import OrderGateway

log = structlog.get_logger()

OVERLAP_FILLS = 50  # the private stream may have missed a fill older than the last one it sent
OVERLAP_NS = 60 * 1_000_000_000  # for venues that page trades by time
TRIES = 4  # a venue's lists may lag its matching by 1 to 2 s
PAUSE_S = 1.0
ZERO = Decimal(0)
ACCEPT = 'if the venue is right, run `quoter accept "REASON"` and start again'


class Opening(NamedTuple):
    """Start values of the engine: balances by asset, target of QUOTER_TARGET=auto, known fills."""

    balances: Mapping[str, Decimal]
    target: Decimal
    known: tuple[Fill, ...]


class _End(NamedTuple):
    """Final state of an order at the venue; `filled` is None if the venue does not know it."""

    state: OrderState
    filled: Decimal | None


class OpeningReconciliation:
    """Brings the ledger up to date with the venue, or refuses the start."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        gateway: OrderGateway,
        instrument: Instrument,
        environment: Environment,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._gateway = gateway
        self._instrument = instrument
        self._environment = environment
        self._clock = clock

    async def run(self) -> Opening:
        """Reconcile, and return the start values of the engine.

        No own order may be open. Raises StartFailed and LedgerFailed.
        """
        epoch = self._ledger.epoch
        if epoch is None:
            return await self._open(reason="")
        for left in reversed(range(TRIES)):
            unsettled = self._ledger.reader.unsettled(epoch.number)
            ends = {intent.client_id: await self._end_of(intent) for intent in unsettled}
            is_missing = await self._catch_up(epoch)
            reader = self._ledger.reader
            books = reader.traded_balances(epoch)
            booked = {client_id: reader.filled(epoch.number, client_id) for client_id in ends}
            incident = _orders_differ(ends, booked) or await self._balances_differ(books)
            if not incident:
                self._close(ends, booked)
                known = tuple(known.fill for known in self._known(epoch))
                return Opening({**epoch.opening, **books}, epoch.target, known)
            if left:
                await asyncio.sleep(PAUSE_S)
            elif is_missing and all(end.filled is None for end in ends.values()):
                return await self._open_after_reset(incident)
            else:
                raise StartFailed(ExitCode.START_FAILED, f"{incident}: {ACCEPT}")
        raise AssertionError("unreachable: the last try returns or raises")

    def _close(self, ends: Mapping[str, _End], booked: Mapping[str, Decimal]) -> None:
        """Record the end of the orders of earlier runs."""
        for client_id, end in ends.items():
            filled = booked.get(client_id, ZERO)
            self._ledger.record_order_end(client_id, end.state, filled, self._clock.now_ns())

    def _known(self, epoch: Epoch) -> list[KnownFill]:
        """Return the newest TRADE_IDS_MAX + 1 fills of the ledger, oldest first.

        The inventory remembers all of them except the oldest.
        """
        return self._ledger.reader.last_fills(epoch.number, TRADE_IDS_MAX + 1)[::-1]

    async def _open(self, *, reason: str) -> Opening:
        """Open an epoch at the venue's balances; return the start values of the engine.

        Earlier trades are recorded, but change no balance.
        """
        before = (await self._trades(RequestReport(kind=ReportKind.TRADES))).fills
        held = await self._held()
        target = held.get(self._instrument.base, ZERO)
        await self._ledger.open_epoch(
            opening=held,
            target=target,
            before=[KnownFill(fill, FillKind.BEFORE) for fill in before],
            now_ns=self._clock.now_ns(),
            reason=reason,
        )
        touched = (self._instrument.base, self._instrument.quote)
        opening = {asset: plain(held.get(asset, ZERO)) for asset in touched}
        log.info("epoch_opened", epoch=self._ledger.opened.number, opening=opening)
        return Opening(held, target, before)

    async def _open_after_reset(self, incident: str) -> Opening:
        """Open a new epoch after a test venue's reset of orders, trades and balances (RC-08)."""
        log.warning("venue_was_reset", incident=incident, sealed_epoch=self._ledger.opened.number)
        return await self._open(reason=f"the venue was reset: {incident}")

    async def _end_of(self, intent: Intent) -> _End:
        """Return the final state at the venue of an order whose end the ledger lacks.

        An order that is still open is cancelled first. Raises StartFailed.
        """
        code = ExitCode.START_FAILED
        for _ in range(TRIES):
            query = QueryOrder(client_id=intent.client_id, venue_id=intent.venue_id)
            match await self._gateway.query(query):
                case OrderDone() as done:
                    if done.reason is DoneReason.FILLED:  # whole, whatever filled size it has
                        return _End(OrderState.FILLED, max(done.filled, intent.size))
                    return _End(OrderState.CANCELED, done.filled)
                case OrderOpen(order=order):
                    code = ExitCode.START_FAILED
                    await self._cancel(intent, order.venue_id)
                    await asyncio.sleep(PAUSE_S)  # the venue's lists may lag
                case None:
                    code = ExitCode.VENUE_UNAVAILABLE
                    await asyncio.sleep(PAUSE_S)
                case OrderNotFound():
                    return _End(OrderState.REJECTED, None)
        text = (
            f"the venue does not report the final state of our order {intent.client_id}: look it "
            "up at the venue, cancel it if it is open, then start again"
        )
        raise StartFailed(code, text)

    async def _cancel(self, intent: Intent, venue_id: str) -> None:
        """Cancel an own order that was missing from the venue's list of open orders."""
        log.warning("own_order_still_open", order=intent.client_id, venue_id=venue_id)
        await self._gateway.cancel(
            CancelOrder(
                client_id=intent.client_id, venue_id=venue_id, reason=CancelReason.NOT_IN_BOOKS
            )
        )

    async def _catch_up(self, epoch: Epoch) -> bool:
        """Record the fills that the ledger lacks; return whether the venue was probably reset.

        It was if it has play money and lists none of the booked fills. Raises StartFailed.
        """
        known = {known.fill.trade_id: known for known in self._known(epoch)}
        reported = await self._trades(_since_last(epoch, [each.fill for each in known.values()]))
        owners: dict[str, str] = {}
        news = []
        for fill in reported.fills:
            mine = known.get(fill.trade_id)
            if mine is not None and payload(mine.fill) != payload(fill):
                text = (
                    f"trade {fill.trade_id} differs: the ledger has {fill_text(mine.fill)}; "
                    f"the venue reports {fill_text(fill)}: {ACCEPT}"
                )
                raise StartFailed(ExitCode.START_FAILED, text)
            if mine is not None and mine.kind is not FillKind.UNMATCHED:
                continue
            if fill.venue_id not in owners:
                owners[fill.venue_id] = await self._owner(fill, epoch)
            client_id = owners[fill.venue_id]
            if not client_id or not is_execution(fill):
                log.warning("foreign_fill", trade_id=fill.trade_id, order=fill.venue_id)
            else:
                news.append(KnownFill(replace(fill, client_id=client_id), FillKind.BOOKED))
        try:
            counted = await self._ledger.record_fills(news)
        except LedgerConflict as error:
            raise StartFailed(ExitCode.START_FAILED, f"{error}: {ACCEPT}") from None
        if len(news) > len(counted):
            log.info("missed_fills_booked", count=len(news) - len(counted))
        ours = {trade_id for trade_id, mine in known.items() if mine.kind is FillKind.BOOKED}
        is_missing = bool(ours) and ours.isdisjoint(fill.trade_id for fill in reported.fills)
        return is_missing and self._environment.is_play_money

    async def _owner(self, fill: Fill, epoch: Epoch) -> str:
        """Return the client id of the own order that a trade filled; empty if it is not ours.

        Raises StartFailed if the venue does not answer: a trade of unknown owner may be ours.
        """
        client_id = fill.client_id
        if not client_id and fill.venue_id:
            query = QueryOrder(client_id="", venue_id=fill.venue_id)

            async def ask() -> OrderOpen | OrderDone | OrderNotFound:
                answer = await self._gateway.query(query)
                if answer is None:
                    raise VenueUnavailable(
                        f"the venue did not answer a query of order {query.venue_id}"
                    )
                return answer

            answer = await until_available(ask)
            if isinstance(answer, OrderDone):
                client_id = answer.client_id
        return client_id if self._ledger.reader.is_known_order(client_id, epoch.number) else ""

    async def _balances_differ(self, books: Mapping[str, Decimal]) -> str:
        """Describe each asset whose balance is not exactly the ledger's; empty if there is none."""
        held = await self._held()
        return "; ".join(
            f"{asset}: the venue has {plain(held.get(asset, ZERO))}, "
            f"the ledger {plain(books[asset])}"
            for asset in sorted(books)
            if held.get(asset, ZERO) != books[asset]
        )

    async def _trades(self, request: RequestReport) -> TradesReport:
        async def ask() -> TradesReport:
            report = await self._gateway.report(request)
            if not isinstance(report, TradesReport):
                text = f"the venue did not list our trades: {report_text(report)}"
                raise VenueUnavailable(text)
            return report

        return await until_available(ask)

    async def _held(self) -> dict[str, Decimal]:
        async def ask() -> BalanceReport:
            report = await self._gateway.report(RequestReport(kind=ReportKind.BALANCES))
            if not isinstance(report, BalanceReport):
                raise VenueUnavailable(
                    f"the venue did not report our balances: {report_text(report)}"
                )
            return report

        report = await until_available(ask)
        return {asset: report.free[asset] + report.locked.get(asset, ZERO) for asset in report.free}


def report_text(report: ReportEvent) -> str:
    """Return why a report failed, or that it is of another kind than requested."""
    return report.text if isinstance(report, ReportFailed) else "it sent a report of another kind"


def _orders_differ(ends: Mapping[str, _End], booked: Mapping[str, Decimal]) -> str:
    """Describe the first order whose filled size differs; empty if none does."""
    for client_id, end in ends.items():
        ours = booked.get(client_id, ZERO)
        if end.filled is not None and end.filled != ours:
            return (
                f"order {client_id} differs: the venue reports {plain(end.filled)} filled, "
                f"the ledger has {plain(ours)}"
            )
    return ""


def _since_last(epoch: Epoch, fills: Sequence[Fill]) -> RequestReport:
    """Return a request for the trades since the OVERLAP_FILLS-th newest of `fills`.

    Without fills it begins with the epoch.
    """
    if all(fill.trade_id.isdecimal() for fill in fills):
        fills = sorted(fills, key=lambda fill: int(fill.trade_id))
    newest = fills[-OVERLAP_FILLS:]
    since_ns = min((fill.ts_ns for fill in newest), default=epoch.opened_ns) - OVERLAP_NS
    # The venue returns trades after this id. The oldest of ours must be among them.
    is_number = bool(newest) and newest[0].trade_id.isdecimal()
    after = str(int(newest[0].trade_id) - 1) if is_number else ""
    return RequestReport(kind=ReportKind.TRADES, from_trade_id=after, since_ns=since_ns)
