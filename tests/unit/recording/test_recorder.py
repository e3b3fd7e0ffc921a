"""What is recorded reaches the disk; a disk that fails ends the recording and nothing else."""

import asyncio
import errno
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from quoter.domain.commands import CancelAll
from quoter.domain.events import OrderReject
from quoter.domain.reasons import RejectReason
from quoter.domain.step import Step
from quoter.domain.trading import CancelReason
from quoter.engine.engine import Engine
from quoter.recording import recorder as module
from quoter.recording import run_files
from quoter.recording.codec import Decision, End
from quoter.recording.engine_state import dump
from quoter.recording.files import recording_files
from quoter.recording.reader import Recording
from quoter.recording.recorder import Recorder
from quoter.replay.replay import replay
from tests.unit.engine.cases import CONFIG
from tests.unit.recording.cases import header, tick
from tests.unit.report.cases import trading_events

MB = 1 << 20
WAIT_S = 20.0
CANCEL = CancelAll(reason=CancelReason.KILL)


def step(number: int, *, decides: bool = False) -> Step:
    return Step(number, tick(number), (CANCEL,) if decides else ())


def make(folder: Path, *, bytes_max: int = 100 * MB, secrets: tuple[str, ...] = ()) -> Recorder:
    return Recorder(folder, header(), bytes_max=bytes_max, secrets=secrets)


def record(recorder: Recorder, numbers: range, *, decides: bool = False) -> None:
    for number in numbers:
        recorder.event(tick(number))
        recorder.decision(step(number, decides=decides))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110 - it depends on a thread
            await asyncio.sleep(0.01)


async def test_events_and_decisions_are_on_disk_after_the_end(tmp_path: Path) -> None:
    recorder = make(tmp_path / "new")
    record(recorder, range(1, 3))
    record(recorder, range(3, 4), decides=True)
    await recorder.close(9)
    recording = Recording(recording_files(tmp_path / "new"))
    assert recording.header == header()
    assert [found for _, found in recording.records()] == [
        tick(1), tick(2), tick(3), Decision(3, (CANCEL,)),
    ]  # fmt: skip
    assert recording.end == End(9, 3)
    assert (recorder.recorded, recorder.dropped, recorder.failure) == (3, 0, "")


async def test_what_is_recorded_is_readable_while_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FLUSH_S", 0.01)
    recorder = make(tmp_path)
    task = asyncio.create_task(recorder.run())
    record(recorder, range(1, 4))

    def seen() -> int:
        files = recording_files(tmp_path)
        return len(list(Recording(files).records())) if files and files[0].stat().st_size else 0

    await until(lambda: seen() == 3)
    task.cancel()
    await recorder.close(9)


async def test_many_records_without_a_flush_are_handed_over(tmp_path: Path) -> None:
    recorder = make(tmp_path)
    record(recorder, range(1, module.BATCH_RECORDS_MAX + 1))
    assert recorder.recorded == module.BATCH_RECORDS_MAX
    await recorder.close(9)
    assert len(list(Recording(recording_files(tmp_path)).records())) == recorder.recorded


async def test_files_are_rotated_and_the_oldest_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BLOCK_RECORDS_MAX", 1)
    bytes_max = 20_000
    (tmp_path / "0aaa-0001.rec").write_bytes(b"x" * bytes_max)
    recorder = make(tmp_path, bytes_max=bytes_max)
    record(recorder, range(1, 2_000), decides=True)
    await recorder.close(9)
    files = recording_files(tmp_path)
    assert recorder.failure == ""
    assert len(files) > 2
    assert files[0].name > "0mz0k3x1-0001.rec"
    assert sum(path.stat().st_size for path in files) <= bytes_max + 1_000
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


class Failing(NamedTuple):
    """A way in which the disk fails, and a part of the reason."""

    name: str
    replaced: tuple[object, str]
    by: Callable[..., object]
    reason: str


def full(*_: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


FAILURES = (
    Failing("full", (os, "write"), full, "No space left on device"),
    Failing("nearly full", (shutil, "disk_usage"), lambda _: Usage(1), "256 MiB are free"),
    Failing("a defect", (run_files, "packed"), lambda *_: 1 // 0, "ZeroDivisionError"),
)


class Usage(NamedTuple):
    """Free bytes of a disk."""

    free: int


@pytest.mark.parametrize("case", FAILURES, ids=lambda case: case.name)
async def test_a_failing_disk_ends_the_recording_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: Failing
) -> None:
    monkeypatch.setattr(module, "FLUSH_S", 0.01)
    recorder = make(tmp_path)
    task = asyncio.create_task(recorder.run())
    with monkeypatch.context() as patch:
        patch.setattr(*case.replaced, case.by)
        record(recorder, range(1, 4))
        await until(lambda: bool(recorder.failure))
    record(recorder, range(4, 6))
    await until(lambda: recorder.dropped == 2)
    assert case.reason in recorder.failure
    assert not task.done()
    task.cancel()
    await recorder.close(9)


async def test_a_slow_disk_ends_the_recording_and_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    released, stuck = threading.Event(), threading.Event()
    write = os.write

    def slow(descriptor: int, data: bytes) -> int:
        stuck.set()
        released.wait(WAIT_S)
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", slow)
    monkeypatch.setattr(module, "FLUSH_S", 0.001)
    recorder = make(tmp_path)
    task = asyncio.create_task(recorder.run())
    number = 0
    async with asyncio.timeout(WAIT_S):
        while not recorder.dropped:  # the writer waits all the time
            number += 1
            record(recorder, range(number, number + 1))
            await asyncio.sleep(0.002)
    assert stuck.is_set()
    assert recorder.failure == "the disk is too slow"
    assert recorder.recorded + recorder.dropped <= number
    released.set()
    task.cancel()
    await recorder.close(9)


async def test_no_secret_reaches_the_disk(tmp_path: Path) -> None:
    recorder = make(tmp_path, secrets=("sEcReT/+key0123456789",))
    text = "signature of sEcReT/+key0123456789 and sEcReT%2F%2Bkey0123456789 refused"
    reject = OrderReject(ts_ns=1, client_id="a", reason=RejectReason.AUTH, text=text)
    recorder.event(reject)
    recorder.decision(Step(1, reject))
    record(recorder, range(2, 3))
    await recorder.close(9)
    found = [found for _, found in Recording(recording_files(tmp_path)).records()]
    assert isinstance(found[0], OrderReject)
    assert found[0].text == "signature of [redacted] and [redacted] refused"
    assert found[1] == tick(2)


async def grown(folder: Path, size: int) -> int:
    """Wait until the files have more than `size` bytes; return how many."""

    def on_disk() -> int:
        return sum(path.stat().st_size for path in recording_files(folder))

    await until(lambda: on_disk() > size)
    return on_disk()


async def test_each_file_of_an_engine_can_be_replayed_without_those_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FLUSH_S", 0.001)
    monkeypatch.setattr(run_files, "FILE_BYTES_MAX", 20_000)
    engine = Engine(CONFIG)
    recorder = Recorder(tmp_path, header(), bytes_max=100 * MB, state=lambda: dump(engine))
    task = asyncio.create_task(recorder.run())

    size = 0
    for number, event in enumerate(trading_events()):
        recorder.event(event)
        recorder.decision(engine.handle(event))
        if number % 20 == 19:
            size = await grown(tmp_path, size)
    task.cancel()
    await recorder.close(engine.ts_ns)
    files = recording_files(tmp_path)
    assert len(files) >= 3
    whole = replay(Recording(files))
    assert whole.difference is None
    for first in range(1, len(files)):
        rest = replay(Recording(files[first:]))
        assert (rest.difference, rest.failure, rest.is_complete) == (None, None, True)
        assert rest.last_ns == whole.last_ns
        assert 0 < rest.events < whole.events
    # the events of all files are those of the run: a checkpoint is not one
    assert whole.events == recorder.recorded == len(trading_events())


async def test_a_state_that_cannot_be_written_ends_checkpoints_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_files, "FILE_BYTES_MAX", 300)
    asked = list[int]()

    def fails() -> msgspec.Raw:
        asked.append(1)
        raise TypeError("no form")

    recorder = Recorder(tmp_path, header(), bytes_max=100 * MB, state=fails)
    task = asyncio.create_task(recorder.run())
    for number in range(1, 60):
        record(recorder, range(number, number + 1))
        if not number % 20:
            recorder._hand_over()
            await until(lambda: bool(recording_files(tmp_path)))
            await until(lambda: recorder._writer.file_to_end > 0)
    task.cancel()
    await recorder.close(9)
    assert len(asked) == 1
    assert (recorder.failure, recorder.recorded) == ("", 59)
    found = [found for _, found in Recording(recording_files(tmp_path)).records()]
    assert found == [tick(number) for number in range(1, 60)]
