"""Fill model of a simulated venue, and latency of its messages."""

from dataclasses import dataclass

from quoter.backtest.latency import RandomLatency
from quoter.backtest.seam import Latency
from quoter.domain.units import NS_PER_MS
from quoter.sim.fill_models import FillModel


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayOptions:
    """Latency of messages: median in ms, 99 % quantile as a multiple of it, and seed."""

    median_ms: float
    spread: float
    seed: int

    @property
    def latency(self) -> Latency:
        """The median latency, the same for each channel."""
        median_ns = round(self.median_ms * NS_PER_MS)
        return Latency(
            market_ns=median_ns, private_ns=median_ns, request_ns=median_ns, answer_ns=median_ns
        )

    def seam(self) -> RandomLatency:
        """Return a new seam with this latency; its random numbers restart from the seed."""
        return RandomLatency(self.latency, spread=self.spread, seed=self.seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class FillTerms:
    """Fill model of a run, and latency of its messages."""

    fill_model: FillModel
    delay: DelayOptions

    @property
    def texts(self) -> dict[str, str]:
        """The terms as text, for logs and recordings."""
        return {
            "fill_model": self.fill_model.value,
            "latency_ms": f"{self.delay.median_ms:g}",
            "latency_spread": f"{self.delay.spread:g}",
            "latency_seed": str(self.delay.seed),
        }
