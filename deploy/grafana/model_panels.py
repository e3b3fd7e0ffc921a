"""Rows of the dashboard about what was learned: of the market, and of takers."""

from deploy.grafana.queries import value
from deploy.grafana.shapes import BLUE, GREEN, GREY, ORANGE, PRICE, RED, Panel, Row

MODEL = Row(
    title="What the model believes",
    panels=(
        Panel(
            title="Volatility (sigma)",
            description="Quote currency per square root of a second; twice this is twice the risk "
            "of holding a lot for the same time.",
            unit=PRICE,
            width=8,
            queries=(value("quoter_sigma_quote_per_sqrt_second", "{{symbol}}"),),
        ),
        Panel(
            title="Decay of fills (kappa)",
            description="How quickly fills become rare with distance from the fair value; per "
            "unit of quote currency. 1/kappa is the natural half-spread.",
            unit="none",
            width=8,
            queries=(value("quoter_kappa_per_quote", "{{symbol}}"),),
        ),
        Panel(
            title="Intensity (A)",
            description="Fills per second and side at distance zero.",
            unit="ops",
            width=8,
            queries=(value("quoter_intensity_per_second", "{{symbol}}"),),
        ),
    ),
)

TAKERS = Row(
    title="What takers do to us",
    panels=(
        Panel(
            title="Flow and what it foretells",
            description="Signed flow of takers in its own standard deviations, buys above zero. "
            "Past one it moves both quotes, by as much as its past was worth.",
            unit="none",
            width=8,
            queries=(value("quoter_flow_deviations", "flow {{symbol}}", BLUE),),
        ),
        Panel(
            title="What toxic flow costs a side",
            description="How much farther out a side stands: for what its own fills lost soon "
            "after (cost), and for the move that the flow foretells. Quote currency.",
            unit=PRICE,
            width=8,
            queries=(
                value("quoter_markout_cost_quote", "cost {{side}} {{symbol}}"),
                value("quoter_alpha_quote", "foretold {{side}} {{symbol}}"),
            ),
        ),
        Panel(
            title="Sides pulled, VPIN",
            description="1 while a side is out after a burst of fills. VPIN is the one-sided share "
            "of volume: a figure to watch, nothing is steered by it.",
            unit="none",
            width=8,
            queries=(
                value("quoter_side_cooldown", "pulled {{side}} {{symbol}}"),
                value("quoter_vpin_ratio", "VPIN {{symbol}}", GREY),
            ),
        ),
        Panel(
            title="Markout of our fills",
            description="Mean move of the mid in our favour 1, 5 and 30 s after a fill, by side, "
            "the newest twenty fills counting most; basis points. Below zero: picked off.",
            unit="none",
            width=8,
            queries=(value("quoter_fill_markout_bps", "{{side}} {{horizon}} {{symbol}}"),),
        ),
        Panel(
            title="Edge of shadow fills",
            description="What fills at eight distances around our half-spread would have earned "
            "after 5 s, before fees; basis points. All below the fee: no money is to be made here.",
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
            title="How sure A and kappa are",
            description="Relative standard error of kappa and of the rate of fills, and our own "
            "fills against those foretold, by which the intensity is corrected.",
            unit="none",
            width=8,
            queries=(
                value("quoter_intensity_error_ratio", "error {{symbol}}", ORANGE),
                value("quoter_fill_factor_ratio", "fills / foretold {{symbol}}", GREEN),
            ),
        ),
    ),
)
