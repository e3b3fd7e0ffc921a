"""What a dashboard is made of, without Grafana's spelling."""

from dataclasses import dataclass
from typing import Literal

BLUE, GREEN, RED, YELLOW, ORANGE, GREY = "blue", "green", "red", "yellow", "orange", "text"
PRICE = "none"  # any quote currency: Grafana has no unit for it, and no digit may be cut

type Kind = Literal["timeseries", "stat", "state-timeline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One PromQL expression; `colour` is set if the quantity has one in every panel."""

    expression: str
    legend: str
    colour: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel; `unit` is Grafana's name of it, `mappings` are (value, text, colour)."""

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    kind: Kind = "timeseries"
    width: int = 12  # of 24
    mappings: tuple[tuple[str, str, str], ...] = ()
    is_stepped: bool = False  # the value holds until it changes: orders, limits, inventory


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels that answer one question; they wrap at the right edge."""

    title: str
    panels: tuple[Panel, ...]
    height: int = 8
