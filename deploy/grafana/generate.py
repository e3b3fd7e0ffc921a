"""Write the Grafana dashboard: `python -m deploy.grafana.generate`.

The panels are data in `panels.py`; this module turns them into the JSON of Grafana 11. A test
compares the committed JSON with it.
"""

import json
import sys
from pathlib import Path

from deploy.grafana.panels import ROWS, SYMBOL_QUERY
from deploy.grafana.shapes import Kind, Panel, Query, Row

type Json = str | int | float | bool | list[Json] | dict[str, Json] | None
type JsonObject = dict[str, Json]

TARGET = Path(__file__).parent / "dashboards" / "quoter.json"
GRID_WIDTH = 24
SCHEMA_VERSION = 41  # Grafana 11.6
DATASOURCE: JsonObject = {"type": "prometheus", "uid": "${datasource}"}


def dashboard() -> JsonObject:
    """Return the whole dashboard, in the order of `ROWS`."""
    return {
        "uid": "quoter",
        "title": "quoter",
        "description": "Is it quoting, at which price, what does it hold and earn, and is it "
        "healthy?",
        "tags": ["quoter"],
        "editable": False,
        "graphTooltip": 1,  # one crosshair through all panels
        "refresh": "5s",
        "schemaVersion": SCHEMA_VERSION,
        "time": {"from": "now-15m", "to": "now"},
        "timezone": "utc",
        "templating": {"list": [_datasource_variable(), _symbol_variable()]},
        "annotations": {"list": []},
        "panels": _panels(ROWS),
    }


def rendered() -> str:
    """Return the text of the committed file."""
    return json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"


def _datasource_variable() -> JsonObject:
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "refresh": 1,
    }


def _symbol_variable() -> JsonObject:
    return {
        "name": "symbol",
        "label": "Symbol",
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": SYMBOL_QUERY, "refId": "symbol"},
        "refresh": 2,  # when the time range changes
        "multi": True,
        "includeAll": True,
        "current": {"text": ["All"], "value": ["$__all"]},
        "sort": 1,
    }


def _panels(rows: tuple[Row, ...]) -> list[Json]:
    panels: list[Json] = []
    top = 0
    for row in rows:
        panels.append(_row(row, panel_id=len(panels) + 1, top=top))
        top += 1
        left = 0
        for panel in row.panels:
            if left + panel.width > GRID_WIDTH:
                left, top = 0, top + row.height
            grid: JsonObject = {"x": left, "y": top, "w": panel.width, "h": row.height}
            panels.append(_panel(panel, panel_id=len(panels) + 1, grid=grid))
            left += panel.width
        top += row.height
    return panels


def _row(row: Row, *, panel_id: int, top: int) -> JsonObject:
    return {
        "id": panel_id,
        "type": "row",
        "title": row.title,
        "collapsed": False,
        "gridPos": {"x": 0, "y": top, "w": GRID_WIDTH, "h": 1},
        "panels": [],
    }


def _panel(panel: Panel, *, panel_id: int, grid: JsonObject) -> JsonObject:
    return {
        "id": panel_id,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "gridPos": grid,
        "targets": [_target(query, index) for index, query in enumerate(panel.queries)],
        "fieldConfig": {
            "defaults": _field(panel),
            "overrides": [
                _override(index, query.colour)
                for index, query in enumerate(panel.queries)
                if query.colour
            ],
        },
        "options": _options(panel.kind),
    }


def _target(query: Query, index: int) -> JsonObject:
    return {
        "refId": _reference(index),
        "datasource": DATASOURCE,
        "expr": query.expression,
        "legendFormat": query.legend,
        "range": True,
        "instant": False,
    }


def _field(panel: Panel) -> JsonObject:
    field: JsonObject = {"unit": panel.unit}
    if panel.mappings:
        options: JsonObject = {
            value: {"text": text, "color": colour, "index": index}
            for index, (value, text, colour) in enumerate(panel.mappings)
        }
        field["mappings"] = [{"type": "value", "options": options}]
    if panel.kind == "timeseries":
        field["custom"] = {
            "lineWidth": 1,
            "showPoints": "never",
            "spanNulls": False,
            "lineInterpolation": "stepAfter" if panel.is_stepped else "linear",
        }
    return field


def _override(index: int, colour: str) -> JsonObject:
    """Return the fixed colour of a query."""
    return {
        "matcher": {"id": "byFrameRefID", "options": _reference(index)},
        "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}],
    }


def _reference(index: int) -> str:
    """Return Grafana's name of a query: A, B, …"""
    return chr(ord("A") + index)


def _options(kind: Kind) -> JsonObject:
    legend: JsonObject = {
        "displayMode": "list",
        "placement": "bottom",
        "showLegend": kind == "timeseries",
        "calcs": [],
    }
    tooltip: JsonObject = {"mode": "multi", "sort": "none"}
    match kind:
        case "timeseries":
            return {"legend": legend, "tooltip": tooltip}
        case "state-timeline":
            return {
                "legend": legend,
                "tooltip": tooltip,
                "mergeValues": True,
                "showValue": "auto",
                "rowHeight": 0.8,
            }
        case "stat":
            return {
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
                "colorMode": "background",
                "graphMode": "none",
                "justifyMode": "auto",
                "orientation": "auto",
                "percentChangeColorMode": "standard",
                "showPercentChange": False,
                "textMode": "value_and_name",
                "wideLayout": True,
            }


if __name__ == "__main__":
    TARGET.write_text(rendered(), encoding="utf-8")
    sys.stdout.write(f"wrote {TARGET.name}\n")
