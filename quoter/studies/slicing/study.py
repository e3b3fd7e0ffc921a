"""Cost of buying 1000 U at once or as 10 x 100 U at intervals, from makers with either skew sign.

U stands for USDT.
The maker quotes lots of 100 U. Ours has the papers' sign: short inventory raises both quotes. The
other maker has the opposite sign, which one published article claims. The mid is a driftless random
walk, other takers are uninformed. Costs are per lot, in basis points above the first fair value.
"""

from collections.abc import Mapping, Sequence
from math import hypot, sqrt
from typing import NamedTuple

from quoter.studies.common.batches import Batch, Sample
from quoter.studies.common.estimates import Estimate, mean_of, sd_of
from quoter.studies.common.market import BP
from quoter.studies.common.options import Options
from quoter.studies.common.report import Check, Report, Table, within, within_se
from quoter.studies.slicing.market import AFTER_S, SLICES, WARM_S, Purchase, QuotedMaker
from quoter.studies.slicing.pictures import costs_picture, reversion_picture

PATHS, QUICK_PATHS, PIECE = 20_000, 1_000, 5_000
INTERVALS_S = (0.01, 1.0, 5.0, 15.0, 30.0, 60.0, 180.0)
IMPACT_BP = 0.3  # permanent move of the mid per lot bought
FAR_LOTS, ARTICLE_LOTS = 40, 10  # limits: ours is never reached, the other maker stays at its own
PUMPED = 40  # lots bought at once, to compare the average price of both signs
PRINTED = 0.005 / sqrt(3.0)  # standard error of a target that is printed with two decimals


class Reference(NamedTuple):
    """Reference: average cost in bp with our sign, with impact, and with the opposite sign."""

    right: float
    impact: float
    article: float


REFERENCE: dict[float | None, Reference] = {  # by interval; None: at once
    None: Reference(7.43, 7.43, 7.43),
    0.01: Reference(7.42, 8.77, 2.62),
    1.0: Reference(7.09, 8.44, 3.01),
    5.0: Reference(6.28, 7.63, 3.94),
    15.0: Reference(5.54, 6.89, 4.56),
    30.0: Reference(5.23, 6.58, 4.91),
    60.0: Reference(5.08, 6.43, 5.01),
    180.0: Reference(5.03, 6.38, 5.02),
}


RIGHT = QuotedMaker(sign=1, lots_max=FAR_LOTS)
ARTICLE = QuotedMaker(sign=-1, lots_max=ARTICLE_LOTS)
DAEMON = QuotedMaker(sign=1, lots_max=FAR_LOTS, is_daemon=True)
WAYS: tuple[float | None, ...] = (None, *INTERVALS_S)


def way_name(interval_s: float | None) -> str:
    """Return the name of a way to buy."""
    return "at once" if interval_s is None else f"every {interval_s:g} s"


def batches(options: Options) -> Sequence[Batch]:
    """Return a batch for each sign and way to buy; impact is a constant, not simulated."""
    paths = options.paths_or(PATHS, QUICK_PATHS)
    return [
        Batch(
            name=f"{name} {way_name(interval_s)}",
            simulation=Purchase(maker=maker, interval_s=interval_s),
            paths=paths,
            piece=PIECE,
            weight=1.0 + (interval_s or 0.0) * SLICES / WARM_S,
        )
        for name, maker in (("right", RIGHT), ("article", ARTICLE))
        for interval_s in WAYS
    ]


class Way(NamedTuple):
    """One way to buy: costs in bp per lot."""

    interval_s: float | None
    right: Estimate
    right_sd: float  # of the price paid, moves of the mid included
    article: Estimate
    right_exact: float
    daemon_exact: float
    article_exact: float
    paths: int

    @property
    def impact(self) -> float:
        """Cost of permanent impact, bp per lot: moves of the mid by earlier slices; 0 at once."""
        return 0.0 if self.interval_s is None else IMPACT_BP * (SLICES - 1) / 2.0


FINDINGS = (
    "With our sign later slices cost more than the first one, never less; slicing saves on"
    " average because the quotes recover in between, at the price of timing risk (sd).",
    "With permanent impact, fast slicing costs more than buying at once.",
    "Cheaper later slices occur only with the wrong sign, and that maker is at its inventory"
    " limit most of the time.",
    "'Our own floor' is the daemon's quote, whose distance from the mid is at least a fifth of"
    " the half-spread: after ten lots its bid is at that floor, and it buys back a little later.",
)


def report(_options: Options, samples: Mapping[str, Sample]) -> Report:
    """Return the comparison of intervals and signs."""
    ways = [_way(interval_s, samples) for interval_s in WAYS]
    checks = [check for way in ways for check in _checks(way)] + _stability()
    at_once = samples[f"right {way_name(None)}"]["skew"] / BP
    last = [mean_of(at_once[:, index]) for index in range(len(AFTER_S))]
    for index, target in ((0, 5.33), (3, 2.23), (5, 0.2)):
        allowed = hypot(sqrt(2.0) * last[index].se, PRINTED if index < 5 else 0.05)
        checks.append(
            within_se(
                f"quotes {AFTER_S[index]:g} s after 10 lots, bp", target, last[index].value, allowed
            )
        )
    return Report(
        study="slicing",
        title="1000 U at once against 10 x 100 U",
        checks=checks,
        tables=(_table(ways),),
        pictures=(
            costs_picture(
                [0.0 if way.interval_s is None else way.interval_s for way in ways],
                {
                    "our sign": [way.right for way in ways],
                    f"our sign, impact {IMPACT_BP:g} bp a lot": [
                        Estimate(value=way.right.value + way.impact, se=way.right.se)
                        for way in ways
                    ],
                    "the article's sign": [way.article for way in ways],
                },
                [way.right_sd for way in ways],
            ),
            reversion_picture(
                AFTER_S,
                {
                    "our sign": last,
                    "the article's sign": [
                        mean_of(samples[f"article {way_name(None)}"]["skew"][:, index] / BP)
                        for index in range(len(AFTER_S))
                    ],
                },
            ),
        ),
        findings=FINDINGS,
    )


def _way(interval_s: float | None, samples: Mapping[str, Sample]) -> Way:
    right, article = (samples[f"{name} {way_name(interval_s)}"] for name in ("right", "article"))
    exact = {
        maker: Purchase(maker=maker, interval_s=interval_s).exact_cost() / BP
        for maker in (RIGHT, DAEMON, ARTICLE)
    }
    return Way(
        interval_s=interval_s,
        right=mean_of(right["quoted"] / BP),
        right_sd=sd_of(right["paid"] / BP).value,
        article=mean_of(article["quoted"] / BP),
        right_exact=exact[RIGHT],
        daemon_exact=exact[DAEMON],
        article_exact=exact[ARTICLE],
        paths=right["quoted"].size,
    )


def _checks(way: Way) -> list[Check]:
    """Return checks against exact and reference figures, errors of the reference included."""
    reference, name, both = (
        REFERENCE[way.interval_s],
        way_name(way.interval_s),
        1.0 + way.paths / PATHS,
    )
    error, error_article = (
        hypot(sqrt(both) * estimate.se, PRINTED) for estimate in (way.right, way.article)
    )
    impact = way.right.value + way.impact
    return [
        within_se(f"{name}: right sign", reference.right, way.right.value, error),
        within_se(f"{name}: right sign, impact", reference.impact, impact, error),
        within_se(f"{name}: article's sign", reference.article, way.article.value, error_article),
        within_se(f"{name}: right sign, exact", way.right_exact, way.right.value, way.right.se),
        within_se(
            f"{name}: article's sign, exact", way.article_exact, way.article.value, way.article.se
        ),
    ]


def _stability() -> list[Check]:
    """Return checks of inventory under other takers only, and of the cost of 40 lots at once."""
    ours, article = QuotedMaker(sign=1, lots_max=ARTICLE_LOTS).inside(), ARTICLE.inside()
    half = float(RIGHT.ask[RIGHT.flat]) / BP
    climb = RIGHT.slope / BP * (PUMPED - 1) / 2.0
    return [
        within("right sign: share of time at the limit, %", 0.0008, 100 * ours.limit_share, 5e-5),
        within("right sign: sd(q), lots", 2.16, ours.sd_lots, 0.005),
        within("article's sign: share at the limit, %", 86.3, 100 * article.limit_share, 0.05),
        within("article's sign: sd(q), lots", 9.84, article.sd_lots, 0.005),
        within("right sign: 40 lots bought, average bp", 15.4, half + climb, 0.05),
        within("article's sign: 40 lots bought, average bp", -5.4, half - climb, 0.05),
    ]


def _table(ways: Sequence[Way]) -> Table:
    return Table(
        name="costs",
        title="Average cost per lot, bp above the first fair price",
        columns=(
            "interval", "reference", "right sign", "SE", "exact", "our own floor, exact",
            "sd of the total", "with impact", "reference, impact", "article's sign", "SE ",
            "exact ", "reference, article",
        ),
        rows=[
            (
                way_name(way.interval_s), REFERENCE[way.interval_s].right, way.right.value,
                way.right.se, way.right_exact, way.daemon_exact, way.right_sd,
                way.right.value + way.impact, REFERENCE[way.interval_s].impact, way.article.value,
                way.article.se, way.article_exact, REFERENCE[way.interval_s].article,
            )
            for way in ways
        ],
    )  # fmt: skip
