"""Follows the account's maker fee: requested periodically, and after a fill with another fee.

A new fee tier or the end of a promotion changes the fee without notice. Quotes computed with the
old fee may lose on every fill. If a request fails, the fee stays unchanged.
"""

from dataclasses import replace
from decimal import Decimal

from quoter.domain.commands import RequestReport
from quoter.domain.events import Fill, MakerFeeReport
from quoter.domain.number_text import plain
from quoter.domain.reasons import ReportKind
from quoter.domain.units import BPS_EXACT, NS_PER_S
from quoter.engine.step_builder import StepBuilder
from quoter.state.current_instrument import CurrentInstrument

AGAIN_NS = 60 * NS_PER_S  # time after which a failed request is repeated
# After a fill with another fee, further such fills are ignored for this time. The fee was requested
# then; if the venue still reports the old one, asking again soon would not change that.
QUIET_NS = 3_600 * NS_PER_S
SHARE_MAX = Decimal("0.1")  # share of the fee; a smaller difference is due to the venue's rounding
UNIT = Decimal("1E-8")  # smallest unit of a fee: most venues round to it


class MakerFee:
    """Keeps the fee of the current instrument equal to the account's fee."""

    def __init__(self, instrument: CurrentInstrument, *, period_ns: int) -> None:
        """Request the fee every `period_ns`; 0: only after a fill that paid another fee."""
        self._instrument, self._period_ns = instrument, period_ns
        self._due_ns = 0  # 0: never
        self._quiet_until_ns = 0

    def tick(self, step: StepBuilder) -> None:
        """Request the fee if it is due; not at the first tick, because startup has read it."""
        if not self._due_ns and self._period_ns:
            self._due_ns = step.ts_ns + self._period_ns
        if self._due_ns and step.ts_ns >= self._due_ns:
            self._due_ns = step.ts_ns + self._period_ns if self._period_ns else 0
            step.commands.append(RequestReport(kind=ReportKind.MAKER_FEE))

    def on_fills(self, step: StepBuilder) -> None:
        """Request the fee after a fill whose fee differs from the one in the quotes."""
        if step.ts_ns < self._quiet_until_ns:
            return
        for text in filter(None, (self._difference(booked.fill) for booked in step.booked)):
            step.add_anomaly("maker_fee_differs", text)
            self._quiet_until_ns = step.ts_ns + QUIET_NS
            self._due_ns = step.ts_ns
            return

    def on_report(self, event: MakerFeeReport, step: StepBuilder) -> None:
        """Use the reported fee from the next quote on."""
        before = self._instrument.now
        if event.fee_maker != before.fee_maker:
            text = f"{_bps(before.fee_maker)} -> {_bps(event.fee_maker)}"
            step.add_anomaly("maker_fee_changed", text)
            self._instrument.now = replace(before, fee_maker=event.fee_maker)
            self._quiet_until_ns = 0

    def on_report_failed(self, kind: ReportKind, step: StepBuilder) -> None:
        """Repeat a failed request of the fee after AGAIN_NS."""
        if kind is ReportKind.MAKER_FEE:
            self._due_ns = step.ts_ns + AGAIN_NS

    def _difference(self, fill: Fill) -> str:
        """Describe how the fill's fee differs from the one in the quotes; empty if it does not.

        A fee in a third coin is not compared, because it has a discount.
        """
        instrument = self._instrument.now
        amounts = {instrument.base: fill.size, instrument.quote: fill.size * fill.price}
        amount = amounts.get(fill.fee_asset)
        if amount is None or not fill.is_maker:
            return ""
        counted = amount * instrument.fee_maker
        difference = abs(fill.fee - counted)
        if difference <= UNIT or difference <= SHARE_MAX * max(abs(fill.fee), abs(counted)):
            return ""
        return (
            f"trade {fill.trade_id} paid {_bps(fill.fee / amount)}, quotes are computed with"
            f" {_bps(instrument.fee_maker)}: the account's fee is requested from the venue"
        )


def _bps(fee: Decimal) -> str:
    return f"{plain(round(fee / BPS_EXACT, 4))} bps"
