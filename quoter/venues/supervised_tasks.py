"""Tasks that must run for ever: a return is as fatal as a failure, and is reported by task name.

An asyncio task group ignores a task that returns, or that ends because a library cancelled the
future that it awaited: its work would stop unnoticed.
"""

import asyncio
from collections.abc import Collection, Coroutine


class TaskEnded(Exception):
    """A task that must run for ever has ended. Its cause is `__cause__`."""

    def __init__(self, name: str, how: str) -> None:
        super().__init__(f"task {name} {how}")
        self.name = name


class Finished(Exception):
    """Raised by a task to end the whole run as intended."""


async def forever(name: str, work: Coroutine[None, None, None]) -> None:
    """Run `work`.

    Raises TaskEnded however it ends, except by Finished or by cancelling this task.
    """
    try:
        await work
    except Finished:
        raise
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise TaskEnded(name, "was cancelled, but not by the run") from error
    except Exception as error:  # any failure ends the run, under the name of this task
        raise TaskEnded(name, f"failed: {type(error).__name__}: {error}") from error
    raise TaskEnded(name, "returned")


def spawn(tasks: asyncio.TaskGroup, name: str, work: Coroutine[None, None, None]) -> None:
    """Start `work` in the group under this name; see `forever`."""
    tasks.create_task(forever(name, work), name=name)


def failed_task_names(group: BaseExceptionGroup) -> list[str]:
    """Return the names of the tasks that ended the group, "outer.inner" for an inner group."""
    names = []
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            names += failed_task_names(error)
        elif isinstance(error, TaskEnded):
            inner = error.__cause__
            within = failed_task_names(inner) if isinstance(inner, BaseExceptionGroup) else []
            names += [f"{error.name}.{name}" for name in within] or [error.name]
        else:
            names.append(type(error).__name__)
    return names


async def wait_ended(*tasks: asyncio.Task[None]) -> None:
    """Wait until all `tasks`, which the caller has cancelled, have ended.

    Their errors are retrieved, so that asyncio does not log them.
    """
    if tasks:
        await asyncio.wait(tasks)
    retrieve_errors(tasks)


def retrieve_errors(tasks: Collection[asyncio.Task[None]]) -> list[BaseException]:
    """Return the errors of ended tasks; asyncio logs an error that is never retrieved."""
    errors = [None if task.cancelled() else task.exception() for task in tasks]
    return [error for error in errors if error is not None]
