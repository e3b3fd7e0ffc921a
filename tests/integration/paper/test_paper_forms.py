"""The paper venues' public frames and REST rows have the same keys as recorded ones."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import pytest

from quoter.domain.market import Side
from quoter.venues.profiles import profile_of
from tests.integration.paper import bitget, bybit, gate, kraken, okx
from tests.integration.paper.exchange import LOT, MID, Order, PaperExchange, Trade
from tests.integration.paper.forms import Form, Json, Socket, Table, encode
from tests.integration.paper.venues import FAILING, FORMS
from tests.recordings import DATA

FIXTURES = DATA / "ccxt_static"
PUBLIC = ("watchTrades", "watchOrderBook")
VOLATILE = frozenset({"warnings", "upcoming_maintenance", "emergency"})  # not in every recording
ONE_SIDE = {"asks": "bids", "a": "b"}  # a recorded change may be of one side only
LATER = ("reason", "closetm")  # which of them a row has depends on its end
RULES = {
    "bybit": bybit.INSTRUMENT,
    "okx": okx.INSTRUMENT,
    "kraken": kraken.PAIR,
    "bitget": bitget.SYMBOL,
}
NOT_TAKEN = {"okx": "books5"}  # recorded, but ccxt subscribes to another channel for quoter


def recording(kind: str, exchange: str) -> Json:
    """Return one file of ccxt's recordings; skips the test without it."""
    path: Path = FIXTURES / kind / f"{exchange}.json"
    if not path.exists():
        pytest.skip(f"no recordings beside the repository: {kind}/{exchange}.json")
    found: Json = json.loads(path.read_text())
    return found


def fixtures(kind: str, exchange: str) -> Mapping[str, list[dict[str, object]]]:
    """Return ccxt's recorded cases by method; skips the test without them."""
    return cast("Mapping[str, list[dict[str, object]]]", recording(kind, exchange)["methods"])


def keys(value: object, path: str = "") -> Iterator[str]:
    """Yield the path of every key in a JSON value; `[]` stands for each row of a list."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in VOLATILE:
                side = ONE_SIDE.get(name, name)
                yield f"{path}.{side}"
                yield from keys(inner, f"{path}.{side}")
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner, f"{path}[]")


def kind(frame: object) -> str:
    """Return what tells frames of one connection apart: channel and kind of message."""
    assert isinstance(frame, dict), frame
    argument = frame.get("arg", {})
    parts = [frame.get(name) for name in ("topic", "channel", "method", "event", "op", "action")]
    return str([*parts, frame.get("type"), argument.get("channel"), "full" in str(frame)[:200]])


def by_kind(frames: list[object]) -> dict[str, set[str]]:
    """Return all keys of the frames of each kind."""
    found: dict[str, set[str]] = {}
    for frame in frames:
        found.setdefault(kind(frame), set()).update(keys(frame))
    return found


def spoken(form: type[Form], sent: list[object]) -> list[object]:
    """Return the frames that a client gets which sends these, while the market changes."""
    market = PaperExchange(new_id=form.venue_id)
    venue = form(market)
    frames: list[object] = []
    socket = Socket("", "/public", frames.append)
    frames += venue.connected(socket)
    for message in sent:
        frames += venue.receive(socket, json.dumps(message))
    market.listeners.append(lambda news: frames.extend(venue.news(news, socket)))
    for _ in range(8):
        market.refresh()
    return frames


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.exchange)
def test_public_frames_have_the_recorded_keys(form: type[Form]) -> None:
    methods = fixtures("ws", form.exchange)
    compared = 0
    for case in (case for method in PUBLIC for case in methods.get(method, [])):
        sent = case.get("sentMessages", [])
        assert isinstance(sent, list)
        if "swap" in str(case["description"]) or NOT_TAKEN.get(form.exchange, "-") in str(sent):
            continue
        messages = case["messages"]
        assert isinstance(messages, list)
        recorded, ours = by_kind(messages), by_kind(spoken(form, sent))
        for name in recorded.keys() & ours.keys():
            compared += 1
            assert ours[name] == recorded[name], name
    assert compared


def test_venue_with_a_failing_case_is_refused() -> None:
    assert all(profile_of(exchange).refusal for exchange in FAILING)


@pytest.mark.parametrize("exchange", RULES)
def test_rules_of_the_market_have_the_recorded_keys(exchange: str) -> None:
    """The recordings are older than some of the keys."""
    recorded = recording("markets", exchange)["BTC/USDT"]
    assert isinstance(recorded, dict)
    assert set(keys(recorded["info"])) <= set(keys(RULES[exchange]))


def test_rows_of_gate_have_the_recorded_keys() -> None:
    methods = fixtures("response", "gate")
    order, trade = traded(gate.Gate)
    (trades,) = recorded_answers(methods["fetchMyTrades"], "Spot trade")
    assert isinstance(trades, list)
    assert encode(gate.TRADE, trade).keys() == trades[0].keys()
    (listed,) = recorded_answers(methods["fetchOpenOrders"], "default")
    assert isinstance(listed, list)
    assert encode(gate.ORDER, order).keys() == listed[0]["orders"][0].keys()


def test_rows_of_kraken_have_the_recorded_keys() -> None:
    """The recordings are older than `cl_ord_id`."""
    methods = fixtures("response", "kraken")
    order, _ = traded(kraken.Kraken)
    tables: tuple[tuple[Table[Order], str], ...] = (
        (kraken.ORDER, "fetch spot limit order"),
        (kraken.ENDED, "closed market order"),
    )
    for table, description in tables:
        (answer,) = recorded_answers(methods["fetchOrder"], description)
        assert isinstance(answer, dict)
        (row,) = answer["result"].values()
        ours = encode(table, order).keys() - {"cl_ord_id", *LATER}
        assert ours == row.keys() - {"trades", *LATER}, description


def traded(form: type[Form]) -> tuple[Order, Trade]:
    """Return an order and a trade of it."""
    market = PaperExchange(new_id=form.venue_id)
    order = market.place(
        client_id="q1", side=Side.BUY, price=MID - 100, size=2 * LOT * 100, is_post_only=True
    )
    return order, market.fill(order, LOT)


def recorded_answers(cases: list[dict[str, object]], description: str) -> list[object]:
    """Return the recorded HTTP answers with this description."""
    return [case["httpResponse"] for case in cases if case["description"] == description]
