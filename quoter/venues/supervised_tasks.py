"""Tasks that should run for ever: the end of one is as fatal as its failure, and told by name.

A task group takes no notice of a child that returns, nor of one that ends cancelled because a
library cancelled what it waited for: the work would be left undone without a word.
"""

import asyncio
from collections.abc import Collection, Coroutine


class TaskEnded(Exception):
    """A task that should run for ever does not run any more; the cause is its `__cause__`."""

    def __init__(self, name: str, how: str) -> None:
        super().__init__(f"task {name} {how}")
        self.name = name


class Finished(Exception):
    """The wanted end of the whole run."""


async def forever(name: str, work: Coroutine[None, None, None]) -> None:
    """Run `work`. Raises TaskEnded however it ends, but for Finished and our own cancellation."""
    try:
        await work
    except Finished:
        raise
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise TaskEnded(name, "was cancelled from inside") from error
    except Exception as error:  # whatever it is, it ends the run under our name
        raise TaskEnded(name, f"failed: {type(error).__name__}: {error}") from error
    raise TaskEnded(name, "returned")


def spawn(tasks: asyncio.TaskGroup, name: str, work: Coroutine[None, None, None]) -> None:
    """Start `work` in the group under this name; see `forever`."""
    tasks.create_task(forever(name, work), name=name)


def failed(group: BaseExceptionGroup) -> list[str]:
    """Names of the tasks that brought the group down; those of inner groups are behind a dot."""
    names = []
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            names += failed(error)
        elif isinstance(error, TaskEnded):
            inner = error.__cause__
            within = failed(inner) if isinstance(inner, BaseExceptionGroup) else []
            names += [f"{error.name}.{name}" for name in within] or [error.name]
        else:
            names.append(type(error).__name__)
    return names


async def ended(*tasks: asyncio.Task[None]) -> None:
    """Wait until all of them have ended, which somebody else has asked for; hear what they say."""
    if tasks:
        await asyncio.wait(tasks)
    heard(tasks)


def heard(tasks: Collection[asyncio.Task[None]]) -> list[BaseException]:
    """What ended tasks failed with: an exception that nobody takes would be logged as lost."""
    errors = [None if task.cancelled() else task.exception() for task in tasks]
    return [error for error in errors if error is not None]
