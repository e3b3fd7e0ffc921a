"""Dashboard and alert rules are valid and use only metrics that exist."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.grafana.external_stop_panels import DAEMON_STATES
from deploy.grafana.generate import GRID_WIDTH, TARGET, dashboard, rendered
from deploy.grafana.panels import ROWS
from quoter.domain.trading import Cause, TradingState
from quoter.risk.kill_switch import SEVERITY
from quoter.service.sentinel.heartbeat_monitor import DaemonState
from quoter.telemetry.metrics import Metrics
from quoter.telemetry.sentinel_metrics import SentinelMetrics
from tests.prometheus import ABSENT, PROMTOOL

PROMETHEUS = Path(__file__).parents[3] / "deploy" / "prometheus"
RULES = PROMETHEUS / "rules" / "quoter.yml"
PANELS = [panel for row in ROWS for panel in row.panels]
EXPRESSIONS = [query.expression for panel in PANELS for query in panel.queries]


def exposed_names() -> set[str]:
    """Return the names of all series that daemon and sentinel expose."""
    metrics = Metrics(symbol="BTC/USDT", venue="binance", environment="sandbox")
    sentinel = SentinelMetrics(symbol="BTC/USDT", venue="binance", states=("alive",))
    names: set[str] = set()
    for family in (*metrics.registry.collect(), *sentinel.registry.collect()):
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
        names |= {family.name + suffix for suffix in suffixes.get(family.type, [""])}
    return names


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_the_committed_dashboard_is_the_generated_one() -> None:
    assert TARGET.read_text(encoding="utf-8") == rendered()


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.title)
def test_a_panel_has_a_description_and_a_unit(panel: Any) -> None:
    assert panel.title
    assert panel.unit
    assert panel.description.endswith(".")
    assert panel.queries
    assert all(query.legend for query in panel.queries)


def test_every_expression_uses_the_symbol_variable_and_rates_the_rate_interval() -> None:
    assert [text for text in EXPRESSIONS if 'symbol=~"$symbol"' not in text] == []
    ranges = {found for text in EXPRESSIONS for found in re.findall(r"\[(.*?)\]", text)}
    assert ranges == {"$__rate_interval"}


def test_the_panel_of_the_sentinel_names_every_state_of_the_daemon() -> None:
    assert {name for name, _ in DAEMON_STATES} == set(DaemonState)


def test_every_data_source_is_the_variable() -> None:
    sources = re.findall(r'"uid": "([^"]*)"', rendered())
    assert set(sources) == {"quoter", "${datasource}"}  # the dashboard's own id, and the variable


def test_panels_have_unique_ids_and_do_not_overlap() -> None:
    panels: Any = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for grid in (panel["gridPos"] for panel in panels)
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < GRID_WIDTH


def test_panels_and_rules_use_only_metrics_that_exist() -> None:
    asked = {
        name
        for text in [*EXPRESSIONS, *(rule["expr"] for rule in rules())]
        for name in re.findall(r"\bquoter_[a-z_]+", text)
    }
    assert asked
    assert asked <= exposed_names()


def test_every_alert_has_a_severity_and_an_action() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert {"summary", "action"} <= rule["annotations"].keys()


MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')


def is_matched(value: str, how: str, wanted: str) -> bool:
    """Return whether a label matches, as in Prometheus."""
    is_same = re.fullmatch(wanted, value) is not None if "~" in how else value == wanted
    return is_same is not how.startswith("!")


def is_selected(expression: str, metric: str, labels: dict[str, str]) -> bool:
    """Whether a selector of the metric in the expression matches a series with these labels."""
    selectors = re.findall(rf"\b{metric}(?:{{(.*?)}})?(?=[ )\n]|$)", expression)
    return any(
        all(is_matched(labels[name], how, want) for name, how, want in MATCHER.findall(selector))
        for selector in selectors
    )


URGENT_PAUSES = {  # they clear by themselves, but money may be at risk until somebody has looked
    Cause.CANCEL_UNVERIFIED: "QuoterCancelUnverified",
    Cause.CANCEL_REFUSED: "QuoterCancelRefused",
    Cause.SENTINEL_LOST: "QuoterSentinelLost",
}


def test_every_cause_fires_exactly_the_alert_of_its_severity() -> None:
    """Uses the exported severity of each cause, so that no list of causes can be outdated."""
    metrics = Metrics(symbol="BTC/USDT", venue="binance", environment="sandbox")
    (about,) = (each for each in metrics.registry.collect() if each.name == "quoter_cause_info")
    causes = {sample.labels["cause"]: sample.labels for sample in about.samples}
    assert causes.keys() == set(Cause)
    bells = (
        rule for rule in rules() if rule["alert"] != "QuoterNoExternalStop"
    )  # waits for another's
    expressions = {rule["alert"]: rule for rule in bells if "cause_active" in rule["expr"]}
    for cause, labels in causes.items():
        fired = {
            name
            for name, rule in expressions.items()
            if all(
                is_selected(rule["expr"], metric, labels)
                for metric in ("quoter_cause_active", "quoter_cause_info")
                if metric in rule["expr"]
            )
        }
        severity = SEVERITY[Cause(cause)]
        is_wanted = cause.startswith("operator_") and severity.state is not TradingState.KILLED
        if severity.state is TradingState.KILLED:
            assert fired == {"QuoterKilled"}, cause
        elif severity.is_latched and not is_wanted:
            assert fired == {"QuoterAwaitingOperator"}, cause
        elif cause in URGENT_PAUSES:
            assert fired == {URGENT_PAUSES[Cause(cause)]}, cause
        else:
            assert fired == {"QuoterPaused"}, cause
    urgent = {name: rule["labels"]["severity"] for name, rule in expressions.items()}
    assert urgent == {
        "QuoterKilled": "critical",
        "QuoterAwaitingOperator": "critical",
        "QuoterPaused": "warning",
        "QuoterCancelUnverified": "critical",
        "QuoterCancelRefused": "critical",
        "QuoterSentinelLost": "critical",
    }


def test_every_alert_fires_in_an_example() -> None:
    tests = yaml.safe_load((PROMETHEUS / "tests" / "quoter.yml").read_text())["tests"]
    examples = {
        re.findall('alertname="(.*?)"', sample["labels"])[0]
        for test in tests
        for sample in test["promql_expr_test"][0]["exp_samples"]
    }
    assert examples == {rule["alert"] for rule in rules()}


@pytest.mark.skipif(PROMTOOL is None, reason=ABSENT)
@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "--syntax-only", "prometheus.yml"),
        ("check", "rules", "rules/quoter.yml"),
        pytest.param(("test", "rules", "tests/quoter.yml"), marks=pytest.mark.slow),
    ],
    ids=" ".join,
)
def test_promtool_accepts(arguments: tuple[str, ...]) -> None:
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
