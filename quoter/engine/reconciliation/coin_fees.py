"""Prices fees in a third coin, neither base nor quote (BNB at Binance), and books them.

A coin's price is requested only for a fee, and only if the last price is older than a minute. Until
the price arrives, the loss limits do not include the fee. Fees that stay unpriced for ten seconds
therefore pause quoting.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from quoter.domain.commands import RequestReport
from quoter.domain.events import CoinPrice, Fill, ReportFailed
from quoter.domain.instrument import Instrument
from quoter.domain.market import Side
from quoter.domain.number_text import plain
from quoter.domain.reasons import ReportKind
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_MS
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.step_builder import StepBuilder
from quoter.state.attribution import Attribution
from quoter.state.inventory import is_amount

PRICE_AGE_NS = 60_000 * NS_PER_MS  # maximum age of a price
AGAIN_NS = 2_000 * NS_PER_MS  # minimum time between two requests for one coin
PRICE_TIMEOUT_NS = 10_000 * NS_PER_MS  # a fee that is unpriced for longer pauses quoting


@dataclass(slots=True)
class _Coin:
    """The price of one coin, and its unpriced fees."""

    price: Decimal = Decimal(0)  # quote currency per unit
    priced_ns: int = 0  # when that price was requested; 0: no price yet
    asked_ns: int = 0  # when a price was last requested; 0: never
    unpriced: dict[Side, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    unpriced_since_ns: int = 0  # 0 while nothing is unpriced


class CoinFees:
    """Books every fee in a third coin once, at a price that is at most a minute old."""

    def __init__(
        self, *, instrument: Instrument, attribution: Attribution, causes: HaltCauses
    ) -> None:
        self._counted = (instrument.base, instrument.quote)  # booked by the attribution itself
        self._attribution = attribution
        self._causes = causes
        self._coins: dict[str, _Coin] = {}
        self._failure = ""  # why the last request failed

    def charge(self, fill: Fill, step: StepBuilder) -> None:
        """Book the fee of a fill, or request a price for it."""
        if not fill.fee or fill.fee_asset in self._counted:
            return
        coin = self._coins.setdefault(fill.fee_asset, _Coin())
        coin.unpriced[fill.side] += fill.fee
        coin.unpriced_since_ns = coin.unpriced_since_ns or step.ts_ns
        self._debit(coin, step)
        self._request_price(fill.fee_asset, coin, step)

    def on_price(self, event: CoinPrice, step: StepBuilder) -> None:
        """Store a coin's price, and book the fees that waited for it."""
        coin = self._coins.get(event.coin)
        if coin is None or not (is_amount(event.price) and event.price > 0):
            step.add_anomaly("bad_coin_price", f"{event.coin}: {plain(event.price)}")
            return
        coin.price, coin.priced_ns = event.price, min(event.asked_ns, step.ts_ns)
        self._debit(coin, step)
        self._check_unpriced(step)

    def on_report_failed(self, event: ReportFailed) -> None:
        """Store the reason why a coin has no price."""
        if event.kind is ReportKind.COIN_PRICE:
            self._failure = event.text

    def tick(self, step: StepBuilder) -> None:
        """Repeat unanswered requests, and check how long fees have been unpriced."""
        for name, coin in self._coins.items():
            self._request_price(name, coin, step)
        self._check_unpriced(step)

    def _debit(self, coin: _Coin, step: StepBuilder) -> None:
        if not coin.priced_ns or step.ts_ns - coin.priced_ns > PRICE_AGE_NS:
            return
        for side, fee in coin.unpriced.items():
            self._attribution.coin_fee(side, fee, coin.price)
        coin.unpriced.clear()
        coin.unpriced_since_ns = 0

    def _request_price(self, name: str, coin: _Coin, step: StepBuilder) -> None:
        if coin.unpriced_since_ns and step.ts_ns - coin.asked_ns >= AGAIN_NS:
            coin.asked_ns = step.ts_ns
            step.commands.append(RequestReport(kind=ReportKind.COIN_PRICE, coin=name))

    def _check_unpriced(self, step: StepBuilder) -> None:
        late = [
            f"{name} {plain(sum(coin.unpriced.values()))}"
            for name, coin in self._coins.items()
            if coin.unpriced_since_ns and step.ts_ns - coin.unpriced_since_ns >= PRICE_TIMEOUT_NS
        ]
        if not late:
            self._causes.clear(step, Cause.FEE_UNPRICED)
            return
        why = self._failure or "no answer"
        text = f"no price of the coins that fees were paid in: {', '.join(late)}: {why}"
        self._causes.raise_cause(step, Cause.FEE_UNPRICED, text)
