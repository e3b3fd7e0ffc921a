"""A task that must run for ever ends the run under its name, however it ends."""

import asyncio

import pytest

from quoter.venues.supervised_tasks import (
    Finished,
    TaskEnded,
    failed_task_names,
    forever,
    retrieve_errors,
    spawn,
    wait_ended,
)


async def nothing() -> None:
    """Return at once."""


async def breaks() -> None:
    raise ZeroDivisionError("a defect")


async def waits_for_what_somebody_cancels() -> None:
    waited = asyncio.get_running_loop().create_future()
    waited.cancel()
    await waited


async def waits() -> None:
    await asyncio.Event().wait()


async def finishes() -> None:
    raise Finished


@pytest.mark.parametrize(
    ("work", "how"),
    [
        (nothing, "task tick returned"),
        (breaks, "task tick failed: ZeroDivisionError"),
        (waits_for_what_somebody_cancels, "task tick was cancelled, but not by the run"),
    ],
)
async def test_ended_task_ends_the_group_under_its_name(work: object, how: str) -> None:
    assert callable(work)
    with pytest.RaisesGroup(pytest.RaisesExc(TaskEnded, match=how)) as caught:
        async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
            spawn(tasks, "probe", waits())
            spawn(tasks, "tick", work())
    assert failed_task_names(caught.value) == ["tick"]


async def test_finished_ends_the_run() -> None:
    with pytest.RaisesGroup(Finished):
        async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
            spawn(tasks, "probe", waits())
            spawn(tasks, "end", finishes())


async def test_own_cancellation_is_not_reported_as_an_error() -> None:
    task = asyncio.create_task(forever("tick", waits()))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()


async def inner() -> None:
    async with asyncio.TaskGroup() as tasks:
        spawn(tasks, "audits", breaks())


async def test_a_task_of_an_inner_group_is_named_with_its_owner() -> None:
    with pytest.RaisesGroup(TaskEnded) as caught:
        async with asyncio.TaskGroup() as tasks:
            spawn(tasks, "feed", inner())
    assert failed_task_names(caught.value) == ["feed.audits"]


async def test_errors_of_ended_tasks_are_retrieved() -> None:
    broken, stopped = asyncio.create_task(breaks()), asyncio.create_task(waits())
    stopped.cancel()
    await wait_ended(broken, stopped)
    await wait_ended()
    assert [type(error) for error in retrieve_errors((broken, stopped))] == [ZeroDivisionError]
