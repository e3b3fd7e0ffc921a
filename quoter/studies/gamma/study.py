"""Inventory sd by normalised gamma on very different symbols, compared with the law.

The law is sd = N/4 * ghat^(-1/4) lots, without widening, size shape and costs. Each symbol is
compared twice: by the exact chain of whole lots, and by a simulation on its own price grid.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quoter.pricing.quote.normalisation import inventory_sd_lots
from quoter.sim.messages import MarketSpec
from quoter.studies.common.batches import Batch, Sample
from quoter.studies.common.estimates import Estimate, root_mean_of
from quoter.studies.common.options import Options
from quoter.studies.common.pictures import COLOURS, label, plain_log_x
from quoter.studies.common.report import Check, Picture, Report, Table, within
from quoter.studies.gamma.market import LOTS_MAX, RELAXATIONS, GammaMarket

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GHATS = (0.1, 1.0, 10.0)
LINE = np.geomspace(0.03, 30.0, 25).tolist()  # where the exact line is drawn
PATHS, QUICK_PATHS, PIECE = 1_000, 200, 250
ALLOWED = 0.15  # largest deviation, as a share of the law
FEE = 0.001
ORDER_Z = 5.0  # minimum z of the decrease of inventory sd with a larger gamma


class Setting(NamedTuple):
    """One combination of the quote's optional parts."""

    name: str
    is_bare: bool
    fee: float


BARE = Setting("bare", True, 0.0)
SETTINGS = (
    BARE,
    Setting("everything on", False, 0.0),
    Setting("everything on, 10 bp fee", False, FEE),
)


def _market(spec: MarketSpec, setting: Setting, ghat: float) -> GammaMarket:
    return GammaMarket(spec=spec, ghat=ghat, is_bare=setting.is_bare, fee=setting.fee)


def _name(spec: MarketSpec, setting: Setting, ghat: float) -> str:
    return f"{spec.symbol} {setting.name}, gamma {ghat:g}"


def batches(options: Options) -> Sequence[Batch]:
    """Return a batch for every symbol, gamma and setting; a smaller gamma needs longer paths."""
    paths = options.paths_or(PATHS, QUICK_PATHS)
    return [
        Batch(
            name=_name(spec, setting, ghat),
            simulation=_market(spec, setting, ghat),
            paths=paths,
            piece=PIECE,
            weight=1.0 / sqrt(ghat),
        )
        for spec in options.markets
        for setting in SETTINGS
        for ghat in GHATS
    ]


class Cell(NamedTuple):
    """One symbol at one gamma in one setting."""

    spec: MarketSpec
    setting: Setting
    ghat: float
    law: float
    exact: float  # of the bare quote, without a grid
    ours: Estimate
    at_limit: float
    market: GammaMarket


def report(options: Options, samples: Mapping[str, Sample]) -> Report:
    """Return the comparison of law, exact chain and simulation."""
    cells = [
        _cell(spec, setting, ghat, samples[_name(spec, setting, ghat)])
        for spec in options.markets
        for setting in SETTINGS
        for ghat in GHATS
    ]
    checks = [check for cell in cells if cell.setting is BARE for check in _law_checks(cell)]
    checks += _order_checks(cells)
    flat = [_market(spec, BARE, 1.0) for spec in options.markets]
    large = [one.spec.symbol for one in flat if one.has_large_tick]
    bound = [one.spec.symbol for one in flat if one.is_tick_bound]
    return Report(
        study="gamma",
        title="Inventory against gamma",
        checks=checks,
        tables=(_table(cells),),
        pictures=(_law_picture(options.markets, cells), _settings_picture(cells)),
        findings=(
            f"A path lasts {RELAXATIONS} relaxation times of inventory; the limit is"
            f" {LOTS_MAX} lots.",
            f"Large tick (the book of others is one tick wide): {', '.join(large) or 'none'}; the"
            " law is shown for it but not required.",
            f"tick_bound (a tick is more than our half-spread): {', '.join(bound) or 'none'}.",
            "With widening and smaller exposed sizes inventory is tighter than the law, and gamma"
            " matters less: beyond a few lots the shape determines inventory.",
        ),
    )


def _cell(spec: MarketSpec, setting: Setting, ghat: float, sample: Sample) -> Cell:
    market = _market(spec, setting, ghat)
    return Cell(
        spec=spec,
        setting=setting,
        ghat=ghat,
        law=inventory_sd_lots(ghat=ghat, lots_max=LOTS_MAX),
        exact=_market(spec, BARE, ghat).exact.sd_lots,
        ours=root_mean_of(sample["square_lots"]),
        at_limit=float(sample["at_limit"].mean()),
        market=market,
    )


def _law_checks(cell: Cell) -> list[Check]:
    name, allowed = f"{cell.spec.symbol} gamma {cell.ghat:g}", ALLOWED * cell.law
    rule = f"+-{ALLOWED:.0%}"
    checks = [within(f"{name}: exact chain", cell.law, cell.exact, allowed, rule=rule)]
    if not cell.market.has_large_tick:
        checks.append(within(f"{name}: simulated", cell.law, cell.ours.value, allowed, rule=rule))
    return checks


def _order_checks(cells: Sequence[Cell]) -> list[Check]:
    checks = []
    for low_gamma, high_gamma in pairwise(cells):
        if low_gamma.setting is not high_gamma.setting or low_gamma.spec is not high_gamma.spec:
            continue
        gap = low_gamma.ours.value - high_gamma.ours.value
        error = sqrt(low_gamma.ours.se**2 + high_gamma.ours.se**2)
        name = f"{low_gamma.spec.symbol} {low_gamma.setting.name}"
        checks.append(
            Check(
                what=f"{name}: sd at {low_gamma.ghat:g} - sd at {high_gamma.ghat:g}",
                target=0.0,
                ours=gap,
                se=error,
                z=gap / error,
                rule=f"z > {ORDER_Z:g}",
                is_met=gap > ORDER_Z * error,
            )
        )
    return checks


def _table(cells: Sequence[Cell]) -> Table:
    return Table(
        name="inventory",
        title="Standard deviation of inventory, lots",
        columns=(
            "symbol", "setting", "gamma", "law", "exact chain, bare", "simulated", "SE",
            "simulated / law", "time at the limit", "half-spread in ticks", "tick_bound",
        ),
        rows=[
            (
                cell.spec.symbol, cell.setting.name, cell.ghat, cell.law, cell.exact,
                cell.ours.value, cell.ours.se, cell.ours.value / cell.law, cell.at_limit,
                cell.market.half_spread / float(cell.spec.tick), cell.market.is_tick_bound,
            )
            for cell in cells
        ],
    )  # fmt: skip


def _law_picture(markets: Sequence[MarketSpec], cells: Sequence[Cell]) -> Picture:
    lines = {
        spec.symbol: [_market(spec, BARE, ghat).exact.sd_lots for ghat in LINE] for spec in markets
    }
    law = [inventory_sd_lots(ghat=ghat, lots_max=LOTS_MAX) for ghat in LINE]
    rows = [
        (ghat, law[index], *(line[index] for line in lines.values()))
        for index, ghat in enumerate(LINE)
    ]

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        axes.fill_between(
            LINE, [0.85 * y for y in law], [1.15 * y for y in law], color="#cccccc", alpha=0.5,
            label="law, 15 % either way",
        )  # fmt: skip
        for index, (colour, spec) in enumerate(zip(COLOURS, markets, strict=False)):
            ours = [cell for cell in cells if cell.spec is spec and cell.setting is BARE]
            axes.plot(LINE, lines[spec.symbol], color=colour, linewidth=1.2)
            axes.errorbar(
                [cell.ghat * 1.04 ** (2 * index - 3) for cell in ours],
                [cell.ours.value for cell in ours],
                yerr=[4.0 * cell.ours.se for cell in ours],
                fmt="o", color=colour, capsize=3, markersize=4.5, label=spec.symbol,
            )  # fmt: skip
        plain_log_x(axes, (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0))
        axes.set_ylim(bottom=0.0)
        label(axes, x="gamma (no unit)", y="sd of inventory, lots")
        axes.legend(title="lines: exact chain; dots: simulated, 4 SE", loc="upper right")

    numbers = Table(
        name="law",
        title="The law and the exact chains",
        columns=("gamma", "law", *lines),
        rows=rows,
        note="Simulated dots are in inventory.csv; they stand side by side for legibility.",
    )
    return Picture(title="Gamma means the same everywhere", numbers=numbers, draw=draw)


def _settings_picture(cells: Sequence[Cell]) -> Picture:
    symbols = list(dict.fromkeys(cell.spec.symbol for cell in cells))
    rows = [
        (cell.spec.symbol, cell.setting.name, cell.ghat, cell.ours.value, cell.ours.se)
        for cell in cells
    ]

    def draw(figure: "Figure") -> None:
        row = np.atleast_1d(figure.subplots(1, len(symbols), sharey=True))
        for axes, symbol in zip(row.tolist(), symbols, strict=True):
            for colour, setting in zip(COLOURS, SETTINGS, strict=False):
                ours = [r for r in rows if r[0] == symbol and r[1] == setting.name]
                axes.errorbar(
                    [r[2] for r in ours], [r[3] for r in ours], yerr=[4 * r[4] for r in ours],
                    fmt="o-", color=colour, capsize=3, markersize=4.5, label=setting.name,
                )  # fmt: skip
            plain_log_x(axes, GHATS)
            axes.set_ylim(0.0, 5.2)
            label(axes, title=symbol, x="gamma")
        label(figure.axes[0], y="sd of inventory, lots")
        figure.axes[0].legend(loc="upper right", fontsize=9)

    numbers = Table(
        name="settings",
        title="Inventory by setting",
        columns=("symbol", "setting", "gamma", "sd, lots", "SE"),
        rows=rows,
        note="Bars: 4 SE.",
    )
    return Picture(
        title="What shape and fee do to it", numbers=numbers, draw=draw, inches=(12.0, 4.0)
    )
