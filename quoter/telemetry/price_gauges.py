"""Gauges of the terms of the quote and of its estimates; `nan`: not known."""

from math import nan

from prometheus_client import CollectorRegistry, Gauge

from quoter.domain.estimates import Estimates
from quoter.domain.market import Side
from quoter.domain.quotes import QuoteTerms

# By field of the terms, of their inputs or of the estimates: name and help text of its gauge.
TERMS = {
    "reservation_price": ("quoter_reservation_price_quote", "Fair value minus skew, price."),
    "half_spread": ("quoter_half_spread_quote", "Half-spread that the model computed, price."),
    "skew": ("quoter_skew_quote", "Shift of both quotes by inventory, price; > 0 when long."),
    "boundary": ("quoter_boundary_quote", "Correction of both sides by the exact model, price."),
}
INPUTS = {
    "fair": ("quoter_fair_value_quote", "Fair value, price."),
    "sigma": (
        "quoter_sigma_quote_per_sqrt_second",
        "Volatility used for the quote, price per sqrt(second).",
    ),
    "kappa": ("quoter_kappa_per_quote", "Decay of fill intensity with distance, 1/price."),
    "intensity": (
        "quoter_intensity_per_second",
        "Fill intensity at distance zero, each side, per second.",
    ),
    "gamma_lot": ("quoter_gamma_lot_per_quote", "Risk aversion per lot, 1/price."),
    "multiplier": (
        "quoter_spread_multiplier_ratio",
        "Factor on the half-spread after a cold start or by the market regime; 1: none.",
    ),
    "fill_factor": (
        "quoter_fill_factor_ratio",
        "Our fills over the expected fills; the intensity is multiplied by it.",
    ),
}
SIDES = {
    "widening": ("quoter_widening_quote", "Widening of this side by inventory, price."),
    "markout_cost": (
        "quoter_markout_cost_quote",
        "Loss of recent fills of this side, added to its distance, price.",
    ),
    "alpha": (
        "quoter_alpha_quote",
        "Shift of this side, away from the mid, by the predicted move, price.",
    ),
    "cost": (
        "quoter_side_cost_quote",
        "Fee and expected adverse move per fill of this side, price.",
    ),
}
ESTIMATES = {
    "noise_ratio": (
        "quoter_noise_ratio",
        "Sigma from steps of 1 s over sigma from steps of 30 s.",
    ),
    "sigma_ratio": (
        "quoter_sigma_realised_ratio",
        "Volatility in use over that of moves of 30 s in the last half hour.",
    ),
    "gamma_ratio": (
        "quoter_gamma_effective_ratio",
        "Risk aversion in use over what QUOTER_GAMMA means with the market as estimated now.",
    ),
    "samples": (
        "quoter_intensity_samples",
        "Effective number of samples behind kappa and intensity.",
    ),
    "error": ("quoter_intensity_error_ratio", "Relative standard error of kappa and intensity."),
    "flow": ("quoter_flow_deviations", "Signed trade flow in standard deviations; > 0: more buys."),
    "vpin": (
        "quoter_vpin_ratio",
        "One-sided share of traded volume (VPIN), 0 to 1; information only.",
    ),
}
CONFIDENCES = ("cold", "warm", "ok")


class PriceGauges:
    """Gauges set from a snapshot's terms and estimates at each scrape."""

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
            "quoter_intensity_confidence",
            "1 for the present level of confidence in kappa and intensity, else 0.",
            "confidence",
        )
        self._markout = gauge(
            "quoter_fill_markout_bps",
            "Mean move of the mid after our fills of this side, bps; below zero: a loss.",
            "side",
            "horizon",
        )
        self._edge = gauge(
            "quoter_simulated_edge_bps",
            "Edge of simulated fills before fees, bps, at eight distances around our half-spread; "
            "1 is the nearest.",
            "distance",
            "horizon",
        )
        self._edge_distance = gauge(
            "quoter_simulated_edge_distance_bps",
            "Distance of the simulated quote with this number from the mid, bps.",
            "distance",
        )
        self._no_edge = gauge(
            "quoter_no_edge",
            "1 while simulated fills at every distance earn less than the fee by more than two "
            "standard errors, else 0.",
        )
        self._tick_bound = gauge(
            "quoter_tick_bound", "1 while one tick is more than our half-spread, else 0."
        )
        self._cooling_down = gauge(
            "quoter_side_cooldown",
            "1 while this side is not quoted after a burst of fills, else 0.",
            "side",
        )

    def update(self, terms: QuoteTerms | None, estimates: Estimates) -> None:
        """Set all gauges."""
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
        self._update_estimates(estimates)

    def _update_estimates(self, estimates: Estimates) -> None:
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
