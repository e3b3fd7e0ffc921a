"""`quoter replay`: exit codes, the first difference in words, and other settings' quotes."""

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.app.recording import other_config
from quoter.cli.records.replay import run_replay
from quoter.domain.errors import BadSetting
from quoter.engine.config import EngineConfig
from quoter.recording.blocks import DamagedRecording
from quoter.recording.codec import Decision, Header, Record
from quoter.recording.files import FOLDER
from quoter.settings import FixedSettings, Settings
from tests.unit.engine.cases import CONFIG, PRICING
from tests.unit.recording.cases import RUN, header, write
from tests.unit.replay.recorded import quoting_events, records_of

EVENTS = quoting_events()
LIMITS = {"inventory_max": 3, "order_size": 1, "loss_max": 1, "notional_max": 1_000_000}
SETTINGS: Settings = FixedSettings.model_validate(LIMITS)


def recorded(folder: Path, records: Sequence[Record], head: Header | None = None) -> Path:
    """Write a recording into a data folder; return the path of its file."""
    (folder / FOLDER).mkdir()
    return write(folder / FOLDER, [[head or header()], records])[0]


def header_of_settings(config: EngineConfig = CONFIG) -> Header:
    return replace(header(config), settings=SETTINGS.redacted())


def test_an_equal_run_ends_with_zero(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(tmp_path, records_of(EVENTS))
    assert run_replay(RUN, data_dir=tmp_path) == 0
    out = capsys.readouterr().out
    assert f"Run {RUN}: binance ABC/USD" in out
    assert "recorded by other code (0.1.0, c0de)" in out
    assert f"Replayed {len(EVENTS)} events" in out
    assert "No difference" in out
    assert "The recording ends without a stop" in out


def test_the_first_difference_is_shown_with_its_event_and_both_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = records_of(EVENTS)
    index = next(
        i for i, r in enumerate(records) if isinstance(r, Decision) and "PlaceOrder" in str(r)
    )
    decision = records[index]
    assert isinstance(decision, Decision)
    records[index] = decision._replace(commands=decision.commands[:-1])
    path = recorded(tmp_path, records)
    assert run_replay(str(path), data_dir=tmp_path) == 1
    out = capsys.readouterr().out
    assert f"First difference at step {decision.seq} ({path.name}: block 2 at byte" in out
    assert f"event     {type(records[index - 1]).__name__}(" in out
    assert "run       no command" in out
    assert "replay    PlaceOrder(" in out
    assert run_replay(RUN, data_dir=tmp_path, json_output=True) == 1
    figures = json.loads(capsys.readouterr().out)
    assert "no command" in str(figures["difference"])


def test_a_damaged_recording_is_refused_with_block_and_offset(tmp_path: Path) -> None:
    path = recorded(tmp_path, records_of(EVENTS))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedRecording, match=r"block 2 at byte \d+: its checksum"):
        run_replay(RUN, data_dir=tmp_path)


def test_other_settings_show_how_quotes_would_have_differed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded(tmp_path, records_of(EVENTS), header_of_settings())
    changes = ["QUOTER_SPREAD_MIN_BPS=150"]
    assert run_replay(RUN, data_dir=tmp_path, changes=changes) == 0
    out = capsys.readouterr().out
    assert "With QUOTER_SPREAD_MIN_BPS=150, and the fills and the inventory of the run:" in out
    assert "what if bid" in out
    assert run_replay(RUN, data_dir=tmp_path, changes=changes, json_output=True) == 0
    figures = json.loads(capsys.readouterr().out)["what_if"]
    assert 0 < figures["different"] <= figures["moments"]
    assert figures["bid_bps"][1] > figures["bid_bps"][0]


def test_only_what_follows_from_the_changed_settings_is_changed() -> None:
    config = replace(CONFIG, pricing=replace(PRICING, gamma=7.0))
    other = other_config(header_of_settings(config), ["QUOTER_SPREAD_MIN_BPS=9", "QUOTER_LEVELS=2"])
    shape = replace(PRICING.shape, spread_min_bps=9.0, levels=2)
    assert other == replace(config, pricing=replace(config.pricing, shape=shape))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("QUOTER_GAMA=2", "must be QUOTER_NAME=value, with a setting that the recording has"),
        ("gamma=2", "must be QUOTER_NAME=value"),
        ("QUOTER_API_KEY=abc", "must be QUOTER_NAME=value"),
        ("QUOTER_GAMMA=fast", "QUOTER_GAMMA: must be a valid number"),
        ("QUOTER_GAMMA=1", "does not change how the engine decides"),
        ("QUOTER_PORT=1", "does not change how the engine decides"),
        ("QUOTER_ORDER_SIZE=2", "must be at most a third of QUOTER_INVENTORY_MAX"),
    ],
)
def test_changes_that_mean_nothing_are_refused(change: str, reason: str) -> None:
    with pytest.raises(BadSetting, match=reason):
        other_config(header_of_settings(), [change])


def test_settings_are_read_back_from_a_header() -> None:
    chosen = FixedSettings.model_validate(
        LIMITS
        | {"target": "auto", "position_notional_max": Decimal(2_000_000), "session_s": 60}
        | {"model": "as", "horizon": "session", "book_depth_min": Decimal("0.5")}
    )
    head = replace(header(), settings=chosen.redacted())
    other = other_config(head, ["QUOTER_GAMMA=2"])
    assert other.pricing.gamma == 2.0
