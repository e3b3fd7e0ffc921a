"""Gauges of what a quote is made of, and of what was learned for it; `nan`: not known."""

from math import nan

from prometheus_client import CollectorRegistry, Gauge

from quoter.domain.estimates import Estimates
from quoter.domain.market import Side
from quoter.domain.quotes import QuoteTerms

# field of the terms, of their inputs, or of the estimates: name and help of its gauge
TERMS = {
    "reservation_price": ("quoter_reservation_price_quote", "Fair minus skew, price."),
    "half_spread": ("quoter_half_spread_quote", "Half-spread of the model, price."),
    "skew": ("quoter_skew_quote", "Shift by inventory, price; long > 0."),
    "boundary": ("quoter_boundary_quote", "What the exact model adds to both sides, price."),
}
INPUTS = {
    "fair": ("quoter_fair_value_quote", "Our estimate of the true price, price."),
    "sigma": ("quoter_sigma_quote_per_sqrt_second", "Volatility, price per sqrt(second)."),
    "kappa": ("quoter_kappa_per_quote", "Decay of fill intensity, 1/price."),
    "intensity": (
        "quoter_intensity_per_second",
        "Fills at distance zero, each side, per second.",
    ),
    "gamma_lot": ("quoter_gamma_lot_per_quote", "Risk aversion per lot, 1/price."),
    "multiplier": ("quoter_spread_multiplier_ratio", "Caution: 1 is none."),
    "fill_factor": (
        "quoter_fill_factor_ratio",
        "Our own fills against those foretold, the intensity is multiplied by it.",
    ),
}
SIDES = {
    "widening": ("quoter_widening_quote", "Widening by inventory, price."),
    "markout_cost": (
        "quoter_markout_cost_quote",
        "What fills of this side lost soon after, price.",
    ),
    "alpha": ("quoter_alpha_quote", "How much farther out the foretold move puts a side, price."),
    "cost": ("quoter_side_cost_quote", "Fee and expected adverse move of a fill, price."),
}
ESTIMATES = {
    "noise_ratio": ("quoter_noise_ratio", "Sigma in steps of 0.1 s over sigma in steps of 5 s."),
    "samples": ("quoter_intensity_samples", "Reaches that kappa and A rest on, effective number."),
    "error": ("quoter_intensity_error_ratio", "Relative standard error of kappa and of the rate."),
    "flow": ("quoter_flow_deviations", "Signed flow in its own standard deviations, buys > 0."),
    "vpin": ("quoter_vpin_ratio", "One-sided share of volume, 0 to 1: a figure to watch."),
}
CONFIDENCES = ("cold", "warm", "ok")


class PriceGauges:
    """Set from a snapshot's terms and estimates when somebody scrapes."""

    def __init__(self, registry: CollectorRegistry, labels: tuple[str, str]) -> None:
        self._registry, self._labels = registry, labels
        named = {**TERMS, **INPUTS, **ESTIMATES}
        self._plain = {field: self._gauge(*about) for field, about in named.items()}
        self._sides = {field: self._gauge(*about, "side") for field, about in SIDES.items()}
        gauge = self._gauge
        self._sigmas = gauge(
            "quoter_sigma_estimate_quote_per_sqrt_second",
            "Slow and fast estimate of volatility, price per sqrt(second).",
            "speed",
        )
        self._confidence = gauge(
            "quoter_intensity_confidence", "1 for how sure kappa and A are.", "confidence"
        )
        self._markout = gauge(
            "quoter_fill_markout_bps",
            "Mean move of the mid for our fills of a side, bps; below zero: against us.",
            "side",
            "horizon",
        )
        self._edge = gauge(
            "quoter_simulated_edge_bps",
            "What fills at a distance would have earned before fees, bps; distances are the "
            "first to the eighth around our half-spread.",
            "distance",
            "horizon",
        )
        self._edge_distance = gauge(
            "quoter_simulated_edge_distance_bps",
            "How far from the mid that distance is, bps.",
            "distance",
        )
        self._no_edge = gauge("quoter_no_edge", "1 while no distance earns its fee.")
        self._tick_bound = gauge("quoter_tick_bound", "1 while a tick exceeds our half-spread.")
        self._cooling_down = gauge("quoter_side_cooldown", "1 while a side is pulled.", "side")

    def show(self, terms: QuoteTerms | None, estimates: Estimates) -> None:
        """Set every gauge."""
        for names, source in (
            (TERMS, terms),
            (INPUTS, terms.inputs if terms is not None else None),
            (ESTIMATES, estimates),
        ):
            for field in names:
                self._set(self._plain[field], getattr(source, field, None))
        for field, gauge in self._sides.items():
            source = terms.inputs if terms is not None and field == "cost" else terms
            self._set(gauge, getattr(source, f"{field}_bid", None), Side.BUY)
            self._set(gauge, getattr(source, f"{field}_ask", None), Side.SELL)
        self._set(self._tick_bound, terms.tick_bound if terms is not None else None)
        self._show_estimates(estimates)

    def _show_estimates(self, estimates: Estimates) -> None:
        self._set(self._sigmas, estimates.sigma_slow, "slow")
        self._set(self._sigmas, estimates.sigma_fast, "fast")
        for name in CONFIDENCES:
            self._set(self._confidence, name == estimates.confidence, name)
        for (side, horizon_s), markout_bps in estimates.markouts_bps.items():
            self._set(self._markout, markout_bps, side, f"{horizon_s:g}s")
        for horizon_s, edges in estimates.edges.items():
            for number, edge in enumerate(edges, start=1):
                self._set(self._edge, edge.edge_bps, str(number), f"{horizon_s:g}s")
                self._set(self._edge_distance, edge.distance_bps, str(number))
        self._set(self._no_edge, estimates.has_no_edge)
        for side in Side:
            self._set(self._cooling_down, side in estimates.cooling_down, side)

    def _gauge(self, name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(name, help_text, ("symbol", "venue", *labels), registry=self._registry)

    def _set(self, gauge: Gauge, value: float | None, *labels: str) -> None:
        gauge.labels(*self._labels, *labels).set(nan if value is None else value)
