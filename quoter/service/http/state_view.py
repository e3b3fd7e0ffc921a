"""The JSON of /state: exact amounts as strings, estimates as numbers, unknown values as null."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from decimal import Decimal
from math import isfinite

from quoter.domain.estimates import Estimates
from quoter.domain.number_text import plain
from quoter.domain.orders import OrderView
from quoter.domain.quotes import PricingInputs, Quote, QuoteTerms, TwoSidedQuote
from quoter.domain.step import Pnl, SidePnl, Snapshot
from quoter.domain.units import NS_PER_S

LEVELS_MAX = 20  # of the book, each side
ORDERS_MAX = 100

type Json = str | int | float | bool | list["Json"] | dict[str, "Json"] | None


def state_view(snapshot: Snapshot, *, about: Mapping[str, str]) -> dict[str, Json]:
    """Return the JSON of a snapshot; `about` holds constants such as environment and symbol."""
    age_s = (snapshot.ts_ns - snapshot.book_ts_ns) / NS_PER_S if snapshot.book_ts_ns else None
    return {
        **about,
        "ts_ns": snapshot.ts_ns,
        "seq": snapshot.seq,
        "phase": snapshot.phase.value,
        "trading_state": snapshot.trading_state.name,
        "causes": {cause.value: text for cause, text in snapshot.causes.items()},
        "book": {
            "ready": snapshot.book_ready,
            "age_s": age_s,
            "mid": _number(snapshot.mid),
            "bids": [[level.price, level.size] for level in snapshot.bids[:LEVELS_MAX]],
            "asks": [[level.price, level.size] for level in snapshot.asks[:LEVELS_MAX]],
        },
        "quote": _quote(snapshot.quote),
        "params": asdict(snapshot.params),
        "estimates": _estimates(snapshot.estimates),
        "orders": [_order(order) for order in snapshot.orders[:ORDERS_MAX]],
        "inventory": {
            "position_base": plain(snapshot.position),
            "target_base": plain(snapshot.target),
            "inventory_base": plain(snapshot.inventory),
            "limit_base": plain(snapshot.inventory_max),
            "exposure_buy_base": plain(snapshot.exposure_buy),
            "exposure_sell_base": plain(snapshot.exposure_sell),
        },
        "balances": _amounts(snapshot.balances),
        "pnl_quote": _pnl(snapshot.pnl),
        "drawdown": plain(snapshot.drawdown),
        "regime": {
            "level": snapshot.regime.level.name,
            "text": snapshot.regime.text,
            "sigma_usual": _number(snapshot.regime.sigma_usual),
            "sigma_now": _number(snapshot.regime.sigma_now),
        },
        "fees_paid": _amounts(snapshot.fees_paid),
        "fills": {"buy": snapshot.fills_buy, "sell": snapshot.fills_sell},
        "counts": dict(snapshot.counts),
    }


def _pnl(pnl: Pnl) -> Json:
    return {
        "total": plain(pnl.total),
        "spread": plain(pnl.spread),
        "inventory": plain(pnl.inventory),
        "fees": plain(pnl.fees),
        "funding": plain(pnl.funding),
        "held": plain(pnl.held),
        "sides": {side.value: _side_pnl(earned) for side, earned in pnl.sides.items()},
    }


def _side_pnl(earned: SidePnl) -> Json:
    horizons: dict[str, Json] = {
        f"{horizon_s}s": {
            "markout": plain(drift.markout),
            "residual": plain(drift.residual),
            "realised_spread_bps": _number(earned.realised_spread_bps(horizon_s)),
        }
        for horizon_s, drift in earned.horizons.items()
    }
    return {
        "notional": plain(earned.notional),
        "spread": plain(earned.spread),
        "fees": plain(earned.fees),
        "horizons": horizons,
    }


def _estimates(estimates: Estimates) -> Json:
    """Return every field under its name; markouts and edges as lists."""
    fields_json = {
        field.name: _json_value(getattr(estimates, field.name)) for field in fields(estimates)
    }
    markouts: list[Json] = [
        {"side": side.value, "horizon_s": horizon_s, "bps": _number(bps)}
        for (side, horizon_s), bps in estimates.markouts_bps.items()
    ]
    edges: list[Json] = [
        {
            "horizon_s": horizon_s,
            **{name: _json_value(part) for name, part in edge._asdict().items()},
        }
        for horizon_s, found in estimates.edges.items()
        for edge in found
    ]
    return fields_json | {
        "confidence": estimates.confidence,
        "markouts_bps": markouts,
        "edges": edges,
        "side_cooldown": [side.value for side in estimates.cooling_down],
    }


def _quote(quote: TwoSidedQuote | None) -> Json:
    if quote is None:
        return None
    return {
        "bids": [_quote_level(level) for level in quote.bids],
        "asks": [_quote_level(level) for level in quote.asks],
        "off": [{"side": off.side.value, "reason": off.reason.value} for off in quote.off],
        "terms": _terms(quote.terms) if quote.terms is not None else None,
    }


def _quote_level(level: Quote) -> Json:
    return {"price": plain(level.price), "size": plain(level.size)}


def _terms(terms: QuoteTerms) -> Json:
    """Return every field under its name, so that no field can be missing."""
    fields_json = {name: _json_value(value) for name, value in terms._asdict().items()}
    clamps: list[Json] = [
        {"name": clamp.name, "before": _number(clamp.before), "after": _number(clamp.after)}
        for clamp in terms.clamps
    ]
    return fields_json | {"inputs": _inputs(terms.inputs), "clamps": clamps}


def _inputs(inputs: PricingInputs) -> Json:
    return {name: _json_value(value) for name, value in inputs._asdict().items()}


def _json_value(value: object) -> Json:
    """Return a number, a flag, a tuple of numbers as a list, or null for anything else."""
    match value:
        case bool():
            return value
        case float() | int():
            return _number(value)
        case tuple():
            return [_json_value(part) for part in value]
        case _:
            return None


def _order(order: OrderView) -> Json:
    return {
        "client_id": order.client_id,
        "venue_id": order.venue_id,
        "side": order.side.value,
        "price": plain(order.price),
        "size": plain(order.size),
        "filled": plain(order.filled),
        "state": order.state.value,
        "created_ns": order.created_ns,
    }


def _amounts(amounts: Mapping[str, Decimal]) -> Json:
    return {asset: plain(amount) for asset, amount in amounts.items()}


def _number(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
