"""Rows about the estimates: of the market, and of takers."""

from deploy.grafana.queries import value
from deploy.grafana.shapes import BLUE, GREEN, GREY, ORANGE, PRICE, RED, Panel, Row

MODEL = Row(
    title="What does the model estimate?",
    panels=(
        Panel(
            title="Volatility (sigma)",
            description="Quote currency per square root of a second. Twice the value is twice the "
            "risk of holding a lot for the same time.",
            unit=PRICE,
            width=8,
            queries=(value("quoter_sigma_quote_per_sqrt_second", "{{symbol}}"),),
        ),
        Panel(
            title="Decay of fills (kappa)",
            description="How fast fills become rarer with distance from the fair value, per unit "
            "of quote currency. 1/kappa is the half-spread without risk aversion.",
            unit="none",
            width=8,
            queries=(value("quoter_kappa_per_quote", "{{symbol}}"),),
        ),
        Panel(
            title="Fill intensity",
            description="Fills per second of each side at distance zero.",
            unit="ops",
            width=8,
            queries=(value("quoter_intensity_per_second", "{{symbol}}"),),
        ),
    ),
)

TAKERS = Row(
    title="How informed are the takers?",
    panels=(
        Panel(
            title="Trade flow",
            description="Signed flow of trades in standard deviations, above zero with more buys. "
            "Beyond one it moves both quotes, by the move that such flow predicted in the past.",
            unit="none",
            width=8,
            queries=(value("quoter_flow_deviations", "flow {{symbol}}", BLUE),),
        ),
        Panel(
            title="Distance added for informed takers",
            description="Additional distance of a side: for the losses shortly after its own fills "
            "(markout cost), and for the move that the flow predicts. Quote currency.",
            unit=PRICE,
            width=8,
            queries=(
                value("quoter_markout_cost_quote", "markout cost {{side}} {{symbol}}"),
                value("quoter_alpha_quote", "predicted move {{side}} {{symbol}}"),
            ),
        ),
        Panel(
            title="Side cooldown, VPIN",
            description="1 while a side is not quoted after a burst of fills. VPIN is the "
            "one-sided share of volume; it is shown only, and has no effect.",
            unit="none",
            width=8,
            queries=(
                value("quoter_side_cooldown", "cooldown {{side}} {{symbol}}"),
                value("quoter_vpin_ratio", "VPIN {{symbol}}", GREY),
            ),
        ),
        Panel(
            title="Markout of our fills",
            description="Mean move of the mid in our favour 1, 5 and 30 s after a fill, by side, "
            "weighted towards the newest twenty fills; basis points. Below zero: a loss.",
            unit="none",
            width=8,
            queries=(value("quoter_fill_markout_bps", "{{side}} {{horizon}} {{symbol}}"),),
        ),
        Panel(
            title="Simulated edge",
            description="Edge of simulated fills at eight distances around our half-spread after "
            "5 s, before fees; basis points. If all are below the fee, this market is not "
            "profitable.",
            unit="none",
            width=8,
            queries=(
                value(
                    "quoter_simulated_edge_bps",
                    "distance {{distance}} {{symbol}}",
                    where='horizon="5s"',
                ),
                value("quoter_no_edge", "no edge {{symbol}}", RED),
            ),
        ),
        Panel(
            title="Error of the fill intensity",
            description="Relative standard error of kappa and intensity, and our own fills over "
            "the expected fills, by which the intensity is corrected.",
            unit="none",
            width=8,
            queries=(
                value("quoter_intensity_error_ratio", "error {{symbol}}", ORANGE),
                value("quoter_fill_factor_ratio", "fills / expected {{symbol}}", GREEN),
            ),
        ),
    ),
)
