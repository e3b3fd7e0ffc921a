"""The plan of a seed: which faults the sandbox injects, when and how often.

Everything is drawn before the daemon starts. Time is real, so a seed gives the same plan and the
same market, but not the same interleaving.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from tests.integration.fault_cases import Case, case

STRIKES = (2, 8)  # fewest and most in a run
BEGIN_S_MAX = 4.0
LASTS_S = (1.0, 5.0)
SIGNED = ("create", "cancel", "query", "open_orders", "trades", "account")
REQUESTS = (*SIGNED, "cancel", "create", "depth", "subscribe")
# The create never happens, but the daemon can't know: the order is unknown until the fence time.
CHANCES = (0.2, 0.5, 1.0)
LOT = Decimal("0.005")

type Parameters = dict[str, object]
type Draw = Callable[[Random], Parameters]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """A fault that starts `begin_s` seconds after the start of the run."""

    begin_s: float
    case: Case

    @property
    def end_s(self) -> float:
        return self.begin_s + self.case.lasts_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Market orders that take everything near the market on one side."""

    begin_s: float
    side: str
    notional: int  # quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One seed: faults and bursts in order of time, and settings within their bounds."""

    seed: int
    strikes: tuple[Strike, ...]
    bursts: tuple[Burst, ...]
    live_params: dict[str, object]

    @property
    def end_s(self) -> float:
        return max(strike.end_s for strike in self.strikes)

    def lines(self) -> list[str]:
        """Return the plan as text lines."""
        lines = [f"seed {self.seed}: {self.live_params}"]
        lines += [
            f"{strike.begin_s:5.2f} s to {strike.end_s:5.2f} s {strike.case.faults[0]}"
            for strike in self.strikes
        ]
        lines += [f"{burst.begin_s:5.2f} s {burst}" for burst in self.bursts]
        return lines


def _any(_: Random) -> Parameters:
    return {}


def _request(*endpoints: str) -> Draw:
    return lambda random: {"endpoint": random.choice(endpoints)}


def _delay(random: Random) -> Parameters:
    when = random.choice(("delay_s", "delay_after_s"))
    return {"endpoint": random.choice(REQUESTS), when: round(random.uniform(0.1, 3.0), 2)}


def _error(*endpoints: str) -> Draw:
    def draw(random: Random) -> Parameters:
        status, code = random.choice(((503, -1007), (504, -1007), (500, -1000), (503, -1008)))
        return {"endpoint": random.choice(endpoints), "status": status, "code": code}

    return draw


def _news(random: Random) -> Parameters:
    return {"event": random.choice(("", "", "TRADE", "NEW", "CANCELED", "executionReport"))}


def _late_news(random: Random) -> Parameters:
    return _news(random) | {"delay_s": round(random.uniform(0.1, 3.0), 2)}


def _lag(random: Random) -> Parameters:
    return {"lag_s": round(random.uniform(0.5, 6.0), 2)}


def _limit(random: Random) -> Parameters:
    return {"retry_after_s": random.randint(1, 2)}


def _ban(random: Random) -> Parameters:
    return _limit(random) | {"count": 1, "probability": 1.0}


def _socket(random: Random) -> Parameters:
    chosen = random.choice(("market", "user", None))
    return {"probability": 1.0} | ({} if chosen is None else {"socket": chosen})


MENU: dict[str, Draw] = {
    "accept_drop_response": _request(*SIGNED, "create", "create"),
    "delay": _delay,
    "error_before": _error(*REQUESTS),
    "error_after_accept": _error(*SIGNED, "create", "create"),
    "reset_before": _request(*REQUESTS),
    "order_not_found": _lag,
    "user_event_drop": _news,
    "user_event_duplicate": _news,
    "user_event_delay": _late_news,
    "trades_lag": _lag,
    "rate_limit_429": _limit,
    "ban_418": _ban,
    "depth_gap": _any,
    "depth_corrupt": _any,
    "silent_socket": _socket,
    "close_socket": _socket,
}
# Faults that leave the state of an order unknown are drawn more often.
OFTEN = ("accept_drop_response", "error_after_accept", "user_event_drop", "trades_lag")


def draw(seed: int) -> Plan:
    """Return the plan of a seed."""
    random = Random(seed)
    strikes = [_strike(random) for _ in range(random.randint(*STRIKES))]
    bursts = [
        Burst(
            begin_s=random.uniform(0.0, BEGIN_S_MAX + LASTS_S[1]),
            side=random.choice(("buy", "sell")),
            notional=random.choice((500, 2_000, 8_000)),
        )
        for _ in range(random.randint(0, 3))
    ]
    live_params: dict[str, object] = {
        "inventory_max": LOT * random.choice((3, 4, 6)),
        "requote_hold_s": random.choice((0.0, 0.2, 1.0)),
        "flap_pauses_max": 1_000,  # more faults than in reality
        "creates_per_s": random.choice((5.0, 20.0)),
        "book_stale_s": random.choice((1.0, 2.0, 4.0)),
        "quote_ttl_s": random.choice((5.0, 30.0)),
    }
    return Plan(
        seed=seed,
        strikes=tuple(sorted(strikes, key=lambda strike: strike.begin_s)),
        bursts=tuple(sorted(bursts, key=lambda burst: burst.begin_s)),
        live_params=live_params,
    )


def _strike(random: Random) -> Strike:
    kind = random.choice((*MENU, *OFTEN))
    fault = {"probability": random.choice(CHANCES)} | MENU[kind](random)
    lasts_s = round(random.uniform(*LASTS_S), 2)
    return Strike(
        begin_s=round(random.uniform(0.0, BEGIN_S_MAX), 2),
        case=case(kind, lasts_s=lasts_s, duration_s=lasts_s, **fault),
    )
