"""The recorder of a run: its header, and what is never in it."""

from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from quoter.app.composition import make_runner
from quoter.app.manifest import code_hash, config_hash
from quoter.app.recording import header_of, make_recorder
from quoter.app.settings_to_config import run_id
from quoter.app.startup import StartContext
from quoter.domain.events import Event
from quoter.domain.step import Step
from quoter.engine.engine import Engine
from quoter.recording.codec import encode
from quoter.recording.files import files_of
from quoter.recording.reader import Recording
from quoter.service.clock import Clock
from quoter.service.data_folder import DataFolder
from quoter.settings import FixedSettings, Settings
from tests.unit.app.test_composition import dry_inputs
from tests.unit.engine.cases import CONFIG
from tests.unit.recording.cases import tick

START_NS = 1_780_000_000_000_000_000
KEY = "k3yOfTheAccount"


def settings(folder: Path, **changed: object) -> Settings:
    values: dict[str, object] = {
        "inventory_max": Decimal(3),
        "order_size": Decimal(1),
        "loss_max": Decimal(1),
        "notional_max": Decimal(1_000_000),
        "data_dir": folder,
        "api_key": SecretStr(KEY),
        "api_secret": SecretStr(KEY),
    }
    return FixedSettings.model_validate(values | changed)


def test_the_header_names_run_code_and_settings_without_a_secret(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    header = header_of(chosen, CONFIG, START_NS)
    assert (header.run, header.started_ns) == (run_id(START_NS), START_NS)
    assert (header.code_hash, header.config_hash) == (code_hash(), config_hash(chosen))
    assert header.settings["api_key"] == "set"
    assert header.settings["inventory_max"] == "3"
    assert header.config == CONFIG
    assert KEY.encode() not in encode([header])


async def test_recording_of_a_paper_run_says_how_its_fills_are_simulated(tmp_path: Path) -> None:
    chosen = started(tmp_path, environment="paper", paper_latency_ms=25, paper_fill_model="front")
    recorder = make_recorder(chosen, Engine(CONFIG))
    assert recorder is not None
    await recorder.close(START_NS)
    header = Recording(files_of(run_id(START_NS), tmp_path)).header
    assert header.fills == {
        "fill_model": "front",
        "latency_ms": "25",
        "latency_spread": "3",
        "latency_seed": str(START_NS),
    }
    assert "front" in header.fills_text
    assert header_of(settings(tmp_path), CONFIG, START_NS).fills_text == ""


def started(folder: Path, *, is_dry: bool = False, **changed: object) -> StartContext:
    return StartContext(
        settings=settings(folder, **changed),
        clock=Clock(),
        start_ns=START_NS,
        folder=None if is_dry else DataFolder(folder),
    )


def test_dry_runs_and_zero_megabytes_record_nothing(tmp_path: Path) -> None:
    assert make_recorder(started(tmp_path, is_dry=True), Engine(CONFIG)) is None
    assert make_recorder(started(tmp_path, recording_max_mb=0), Engine(CONFIG)) is None
    assert list(tmp_path.iterdir()) == []


async def test_an_event_that_the_engine_fails_on_is_the_last_of_the_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = make_recorder(started(tmp_path), Engine(CONFIG))
    assert recorder is not None
    runner = make_runner(dry_inputs().__replace__(recorder=recorder))
    runner._handle(tick(1))

    def fails(_: Engine, event: Event) -> Step:
        raise ZeroDivisionError(event)

    monkeypatch.setattr(Engine, "handle", fails)
    with pytest.raises(ZeroDivisionError):
        runner._handle(tick(2))
    await recorder.close(3)
    recording = Recording(files_of(run_id(START_NS), tmp_path))
    records = [record for _, record in recording.records()]
    assert (records[0], records[-1]) == (tick(1), tick(2))
