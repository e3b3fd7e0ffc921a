"""A process that has no descriptor left, for as long as a `with` block lasts."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

SPARE = 32  # few: the table of a real process has room for a thousand


@contextmanager
def full_table() -> Iterator[None]:
    """Nothing can be opened inside; what is open stays usable."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = os.dup(0)
    os.close(highest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(highest + SPARE, soft), hard))
    taken = []
    try:
        while True:
            try:
                taken.append(os.dup(0))
            except OSError:
                break
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
