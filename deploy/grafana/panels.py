"""The rows and panels of the dashboard as data; `generate.py` turns them into Grafana's JSON.

A quantity has the same colour in every panel: blue is the market, green buys, red sells,
yellow our reservation price.
"""

from deploy.grafana.external_stop_panels import EXTERNAL_STOPS
from deploy.grafana.health_panels import HEALTH
from deploy.grafana.model_panels import MODEL, TAKERS
from deploy.grafana.queries import OURS, numbered, rate, value
from deploy.grafana.shapes import (
    BLUE,
    GREEN,
    ORANGE,
    PRICE,
    RED,
    YELLOW,
    Panel,
    Query,
    Row,
)
from deploy.grafana.speed_panels import SPEED

SYMBOL_QUERY = "label_values(quoter_build_info, symbol)"


STATE = Row(
    title="Is it quoting? If not, why?",
    height=6,
    panels=(
        Panel(
            title="Trading state",
            description="RUNNING quotes both sides, REDUCE_ONLY only the side that reduces the "
            "inventory, PAUSED none. KILLED quotes none and stays until an operator re-arms.",
            unit="none",
            kind="state-timeline",
            width=10,
            queries=(
                Query(
                    expression=numbered(
                        "quoter_trading_state",
                        "state",
                        ("RUNNING", "REDUCE_ONLY", "PAUSED", "KILLED"),
                    ),
                    legend="{{symbol}}",
                ),
            ),
            mappings=(
                ("1", "RUNNING", "green"),
                ("2", "REDUCE_ONLY", "yellow"),
                ("3", "PAUSED", "orange"),
                ("4", "KILLED", "red"),
            ),
        ),
        Panel(
            title="Active causes",
            description="The halt causes that are active now; normally none. The most severe one "
            "decides the trading state.",
            unit="none",
            kind="state-timeline",
            width=10,
            queries=(
                Query(
                    expression=f"quoter_cause_active{{{OURS}}} == 1", legend="{{cause}} {{symbol}}"
                ),
            ),
            mappings=(("1", "active", "orange"),),
        ),
        Panel(
            title="Open orders",
            description="Own orders that can still be filled, by side, including those that are "
            "being sent and those whose state is unknown.",
            unit="short",
            kind="stat",
            width=4,
            queries=(
                value("quoter_open_orders", "buy {{symbol}}", GREEN, where='side="BUY"'),
                value("quoter_open_orders", "sell {{symbol}}", RED, where='side="SELL"'),
            ),
        ),
        Panel(
            title="Market regime",
            description="NORMAL quotes as usual, WIDE farther from the mid with half the size, "
            "REDUCE_ONLY only the side that reduces the inventory. It rises at once, and falls by "
            "one level after each QUOTER_REGIME_CALM_S of calm.",
            unit="none",
            kind="state-timeline",
            width=12,
            queries=(
                Query(
                    expression=numbered(
                        "quoter_market_regime", "level", ("NORMAL", "WIDE", "REDUCE_ONLY")
                    ),
                    legend="{{symbol}}",
                ),
            ),
            mappings=(
                ("1", "NORMAL", "green"),
                ("2", "WIDE", "yellow"),
                ("3", "REDUCE_ONLY", "orange"),
            ),
        ),
        Panel(
            title="Volatility of the market regime",
            description="Present and usual volatility, quote currency per square root of a "
            "second. QUOTER_REGIME_WIDE times the usual makes the regime WIDE, "
            "QUOTER_REGIME_REDUCE times REDUCE_ONLY.",
            unit=PRICE,
            width=12,
            queries=(value("quoter_regime_sigma_quote_per_sqrt_second", "{{speed}} {{symbol}}"),),
        ),
        Panel(
            title="Sides not quoted",
            description="How often a new quote had no price for a side, by reason. A side that is "
            "off without a reason here is a defect.",
            unit="ops",
            queries=(rate("quoter_sides_off_total", "side, reason", "{{side}}: {{reason}}"),),
        ),
        Panel(
            title="Causes raised",
            description="How often each halt cause was raised, per minute, including those that "
            "cleared before the next scrape.",
            unit="cpm",
            queries=(rate("quoter_causes_raised_total", "cause", "{{cause}}", scale="60 * "),),
        ),
    ),
)

PRICES = Row(
    title="At which price?",
    height=10,
    panels=(
        Panel(
            title="Prices",
            description="The mid, our reservation price (fair value shifted by inventory) and our "
            "best open orders. Long inventory lowers the reservation price and both orders. Quote "
            "currency per base unit.",
            unit=PRICE,
            width=16,
            is_stepped=True,
            queries=(
                value("quoter_mid_quote", "mid {{symbol}}", BLUE),
                value("quoter_reservation_price_quote", "reservation {{symbol}}", YELLOW),
                value("quoter_order_price_quote", "our bid {{symbol}}", GREEN, where='side="BUY"'),
                value("quoter_order_price_quote", "our ask {{symbol}}", RED, where='side="SELL"'),
            ),
        ),
        Panel(
            title="Half-spread, skew, widening",
            description="Half-spread: distance of each quote from the reservation price. Skew: "
            "shift of both quotes by inventory, above zero when long. Widening: additional "
            "distance of the side that would increase the inventory. Quote currency.",
            unit=PRICE,
            width=8,
            queries=(
                value("quoter_half_spread_quote", "half-spread {{symbol}}", BLUE),
                value("quoter_skew_quote", "skew {{symbol}}", YELLOW),
                value(
                    "quoter_widening_quote",
                    "wider bid {{symbol}}",
                    GREEN,
                    where='side="BUY"',
                ),
                value(
                    "quoter_widening_quote",
                    "wider ask {{symbol}}",
                    RED,
                    where='side="SELL"',
                ),
            ),
        ),
    ),
)

INVENTORY = Row(
    title="What do we hold, what do we earn?",
    height=10,
    panels=(
        Panel(
            title="Inventory and exposure",
            description="Inventory is position minus target. Exposure is the inventory if every "
            "open buy, or every open sell, is filled; it never exceeds the limit. Base units.",
            unit="none",
            is_stepped=True,
            queries=(
                value("quoter_inventory_base", "inventory {{symbol}}", BLUE),
                value("quoter_exposure_base", "if buys fill {{symbol}}", GREEN, where='side="BUY"'),
                value("quoter_exposure_base", "if sells fill {{symbol}}", RED, where='side="SELL"'),
                value("quoter_inventory_limit_base", "limit {{symbol}}", ORANGE),
                Query(
                    expression=f"-quoter_inventory_limit_base{{{OURS}}}",
                    legend="-limit {{symbol}}",
                    colour=ORANGE,
                ),
            ),
        ),
        Panel(
            title="Profit and its parts",
            description="Since the start of the process, quote currency. The total is spread "
            "(fill price against fair value) plus inventory (change in value of the inventory) "
            "minus fees.",
            unit=PRICE,
            queries=(
                value("quoter_pnl_quote", "total {{symbol}}", BLUE, where='part="total"'),
                value("quoter_pnl_quote", "spread {{symbol}}", GREEN, where='part="spread"'),
                value("quoter_pnl_quote", "inventory {{symbol}}", YELLOW, where='part="inventory"'),
                value("quoter_pnl_quote", "fees {{symbol}}", RED, where='part="fees"'),
                value("quoter_drawdown_quote", "drawdown {{symbol}}", ORANGE),
            ),
        ),
        Panel(
            title="Used share of the loss limits",
            description="Loss since the start of the process over QUOTER_LOSS_MAX, and drawdown "
            "over QUOTER_DRAWDOWN_MAX. At 100 % of either the daemon is killed.",
            unit="percentunit",
            queries=(
                Query(
                    expression=f'-quoter_pnl_quote{{{OURS}, part="total"}} '
                    f"/ on (symbol, venue) quoter_loss_limit_quote{{{OURS}}}",
                    legend="loss {{symbol}}",
                    colour=RED,
                ),
                Query(
                    expression=f"quoter_drawdown_quote{{{OURS}}} "
                    f"/ on (symbol, venue) quoter_drawdown_limit_quote{{{OURS}}}",
                    legend="drawdown {{symbol}}",
                    colour=ORANGE,
                ),
            ),
        ),
        Panel(
            title="Markout per side",
            description="Value that the fills of a side gained by the move of the mid within 1, 5 "
            "and 30 s, since the start of the process. Falling: takers on that side are better "
            "informed. Quote currency.",
            unit=PRICE,
            queries=(value("quoter_markout_quote", "{{side}} {{horizon}} {{symbol}}"),),
        ),
        Panel(
            title="Realised spread per side",
            description="Spread plus markout per value traded, basis points: the remaining edge "
            "after 1, 5 and 30 s, before fees.",
            unit="none",
            queries=(value("quoter_realised_spread_bps", "{{side}} {{horizon}} {{symbol}}"),),
        ),
    ),
)

ORDERS = Row(
    title="What happens to our orders?",
    panels=(
        Panel(
            title="Orders by state",
            description="Orders that reached each state, per second.",
            unit="ops",
            width=8,
            queries=(rate("quoter_order_changes_total", "state", "{{state}}"),),
        ),
        Panel(
            title="Fills",
            description="Our fills per minute, by side. Only `flatten` takes; every other order is "
            "post-only.",
            unit="cpm",
            width=8,
            queries=(
                rate(
                    "quoter_fills_total", "side, liquidity", "{{side}} {{liquidity}}", scale="60 * "
                ),
            ),
        ),
        Panel(
            title="Rejects, denials, anomalies",
            description="Orders that the venue rejected, orders that our own rules denied before "
            "they were sent, and anomalies; per second.",
            unit="ops",
            width=8,
            queries=(
                rate("quoter_order_rejects_total", "reason", "rejected: {{reason}}"),
                rate("quoter_orders_denied_total", "rule", "denied: {{rule}}"),
                rate("quoter_anomalies_total", "name", "anomaly: {{name}}"),
            ),
        ),
    ),
)

ROWS = (STATE, PRICES, INVENTORY, ORDERS, EXTERNAL_STOPS, SPEED, HEALTH, MODEL, TAKERS)
