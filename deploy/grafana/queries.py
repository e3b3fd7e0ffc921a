"""The forms of PromQL that the panels need.

Rates use $__rate_interval, so that no increase of a counter is lost when zoomed out.
"""

from deploy.grafana.shapes import Panel, Query

OURS = 'symbol=~"$symbol"'
GREEN, YELLOW, RED = "green", "yellow", "red"


def value(metric: str, legend: str, colour: str = "", *, where: str = "") -> Query:
    """Return the query of a gauge; `where` adds label matchers."""
    matchers = ", ".join(part for part in (OURS, where) if part)
    return Query(expression=f"{metric}{{{matchers}}}", legend=legend, colour=colour)


def rate(metric: str, by: str, legend: str, *, scale: str = "") -> Query:
    """Return the rate of a counter, summed by labels; `scale` is a prefix such as `60 * `."""
    grown = f"sum by ({by}) (rate({metric}{{{OURS}}}[$__rate_interval]))"
    return Query(expression=scale + grown, legend=legend)


def numbered(metric: str, label: str, values: tuple[str, ...]) -> str:
    """Return the label value whose gauge is 1 as a number, 1 for the first value."""
    terms = (
        f'{number} * {metric}{{{OURS}, {label}="{name}"}}'
        for number, name in enumerate(values, start=1)
    )
    return f"sum by (symbol, venue) ({' or '.join(terms)})"


def quantiles(metric: str) -> tuple[Query, ...]:
    """Return queries of the 50 %, 90 % and 99 % quantile of a histogram."""
    buckets = f"sum by (le, symbol, venue) (rate({metric}_bucket{{{OURS}}}[$__rate_interval]))"
    return tuple(
        Query(
            expression=f"histogram_quantile({share}, {buckets})",
            legend=f"{name} {{{{symbol}}}}",
            colour=colour,
        )
        for share, name, colour in ((0.5, "p50", GREEN), (0.9, "p90", YELLOW), (0.99, "p99", RED))
    )


def latency(title: str, metric: str, description: str) -> Panel:
    """Return the panel of a latency, as quantiles."""
    return Panel(title=title, description=description, unit="s", width=8, queries=quantiles(metric))
