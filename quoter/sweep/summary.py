"""Summary of a sweep: for each tape and fill model, every variant with its errors."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final, NamedTuple

import numpy as np

from quoter.domain.units import BPS_PER_UNIT
from quoter.sim.fill_models import FillModel
from quoter.sweep.bootstrap import BlockBootstrap, Interval, Numbers, interval
from quoter.sweep.cell import SAMPLE_S, Cell, CellResult, Figures

SAMPLES_MIN: Final = 60  # with fewer samples the errors are inaccurate


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantSummary:
    """One variant on one tape with one fill model: means over seeds, with bootstrap errors.

    minus_first, minus_best: paired difference of profit from the first variant and from the best
    one, quote currency; None for that variant itself. edge_bps: None without a fill.
    """

    variant: str
    cell: Cell
    figures: Sequence[Figures]
    profit: Interval
    edge_bps: Interval | None
    minus_first: Interval | None
    minus_best: Interval | None

    @property
    def is_best(self) -> bool:
        return self.minus_best is None

    @property
    def is_near_best(self) -> bool:
        """Whether the difference from the best variant is not significant."""
        return self.minus_best is not None and not self.minus_best.excludes_zero

    def mean(self, name: str) -> float:
        """Return the mean of a figure over the seeds."""
        return fmean(float(getattr(one, name)) for one in self.figures)

    def markout_bps(self, horizon_s: int) -> float | None:
        """Return the mean markout at a horizon, bps; None without a fill."""
        found = [one.markout_bps[horizon_s] for one in self.figures]
        known = [markout for markout in found if markout is not None]
        return fmean(known) if known else None

    @property
    def orders_per_fill(self) -> float | None:
        fills = self.mean("fills")
        return self.mean("orders") / fills if fills else None


class Group(NamedTuple):
    """The variants on one tape with one fill model, in the order of the grid."""

    tape: str
    quote: str
    model: FillModel
    samples: int
    block_s: int
    variants: Sequence[VariantSummary]

    @property
    def best(self) -> VariantSummary:
        return next(one for one in self.variants if one.is_best)


class _Series(NamedTuple):
    """Increments between the samples of one variant, as means over its seeds."""

    profit: Numbers
    earned: Numbers
    notional: Numbers


def groups(cells: Sequence[Cell], results: Mapping[str, CellResult]) -> list[Group]:
    """Return a group for each tape and fill model, without failed cells."""
    wanted = dict[tuple[str, FillModel], dict[str, list[tuple[Cell, CellResult]]]]()
    for cell in cells:
        found = results.get(cell.identity)
        if found is not None and found.figures is not None:
            variants = wanted.setdefault((cell.tape.digest, cell.model), {})
            variants.setdefault(cell.variant, []).append((cell, found))
    labels = _labels(cells)
    return [_group(labels[digest], model, variants) for (digest, model), variants in wanted.items()]


def warnings(found: Sequence[Group]) -> Iterator[str]:
    """Yield warnings for the choice of a variant."""
    for group in found:
        yield from _of_group(group)
    for tape in dict.fromkeys(group.tape for group in found):
        yield from _of_tape([group for group in found if group.tape == tape])


def _labels(cells: Sequence[Cell]) -> dict[str, str]:
    """Return a label for each tape, by digest: its name, or its path if the name is not unique."""
    tapes = {cell.tape.digest: cell.tape for cell in cells}
    often = Counter(tape.name for tape in tapes.values())
    return {
        digest: tape.name if often[tape.name] == 1 else str(tape.files[0])
        for digest, tape in tapes.items()
    }


def _group(
    label: str, model: FillModel, variants: Mapping[str, Sequence[tuple[Cell, CellResult]]]
) -> Group:
    series = {name: _increments([result for _, result in runs]) for name, runs in variants.items()}
    samples = min(len(one.profit) for one in series.values())
    bootstrap = BlockBootstrap(samples)
    draws = {name: bootstrap.sums(one.profit[:samples]) for name, one in series.items()}
    totals = {name: float(one.profit.sum()) for name, one in series.items()}
    first, best = next(iter(totals)), max(totals, key=totals.__getitem__)

    def minus(name: str, other: str) -> Interval | None:
        if name == other:
            return None
        return interval(totals[name] - totals[other], draws[name] - draws[other])

    tape = next(iter(variants.values()))[0][0].tape
    return Group(
        tape=label,
        quote=tape.market.quote,
        model=model,
        samples=samples,
        block_s=bootstrap.length * SAMPLE_S,
        variants=[
            VariantSummary(
                variant=name,
                cell=runs[0][0],
                figures=[result.figures for _, result in runs if result.figures is not None],
                profit=interval(totals[name], draws[name]),
                edge_bps=_edge(series[name], bootstrap),
                minus_first=minus(name, first),
                minus_best=minus(name, best),
            )
            for name, runs in variants.items()
        ],
    )


def _increments(results: Sequence[CellResult]) -> _Series:
    length = min(len(result.samples) for result in results)
    sums = np.array(
        [[(s.profit, s.earned, s.notional) for s in result.samples[:length]] for result in results]
    ).mean(axis=0)
    profit, earned, notional = np.diff(sums, axis=0, prepend=0.0).T
    return _Series(profit, earned, notional)


def _edge(series: _Series, bootstrap: BlockBootstrap) -> Interval | None:
    """Return the edge per traded notional, bps; draws without a trade are left out.

    None if nothing was traded.
    """
    traded = float(series.notional.sum())
    if traded <= 0.0:
        return None
    cut = slice(bootstrap.samples)
    notional = bootstrap.sums(series.notional[cut])
    earned = bootstrap.sums(series.earned[cut])
    has_trade = notional > 0.0
    drawn = earned[has_trade] / notional[has_trade] * BPS_PER_UNIT
    return interval(float(series.earned.sum()) / traded * BPS_PER_UNIT, drawn)


def _of_group(group: Group) -> Iterator[str]:
    place = f"{group.tape}, {group.model}"
    near = [one.variant for one in group.variants if one.is_near_best]
    if near:
        yield (
            f"{place}: the best ({group.best.variant}) is within noise of {len(near)} of "
            f"{len(group.variants) - 1} others"
        )
    if group.samples < SAMPLES_MIN:
        yield (
            f"{place}: the tape is short, and the errors are inaccurate: samples of {SAMPLE_S} s: "
            f"{group.samples}"
        )
    stopped = [
        one.variant for one in group.variants if any(f.state == "KILLED" for f in one.figures)
    ]
    if stopped:
        yield f"{place}: killed by the kill switch before the end: {', '.join(stopped)}"
    if unequal := [
        one.variant for one in group.variants if not all(f.books_equal for f in one.figures)
    ]:
        yield f"{place}: our books differ from the simulated venue's: {', '.join(unequal)}"


def _of_tape(found: Sequence[Group]) -> Iterator[str]:
    """Yield warnings that compare the fill models of one tape."""
    tape = found[0].tape
    edges = [one.edge_bps for group in found for one in group.variants if one.edge_bps is not None]
    if edges and all(edge.value < 0.0 for edge in edges):
        yield f"{tape}: the edge net of fees is negative in every cell: no variant covers its fees"
    bests = {group.best.variant for group in found}
    if len(bests) > 1:
        shown = ", ".join(f"{group.best.variant} with {group.model}" for group in found)
        yield f"{tape}: the best variant depends on the fill model: {shown}"
    signs = {
        variant: {
            one.profit.value > 0.0 for g in found for one in g.variants if one.variant == variant
        }
        for variant in dict.fromkeys(one.variant for group in found for one in group.variants)
    }
    if both := [variant for variant, values in signs.items() if len(values) > 1]:
        yield f"{tape}: profit or loss depends on the fill model: {', '.join(both)}"
    for note in dict.fromkeys(
        n for g in found for one in g.variants for f in one.figures for n in f.notes
    ):
        yield f"{tape}: {note}"
