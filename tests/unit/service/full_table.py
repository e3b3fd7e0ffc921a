"""A context in which this process has no free file descriptor."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

SPARE = 32  # descriptors left after the limit is lowered; few, so that filling is quick


@contextmanager
def full_table() -> Iterator[None]:
    """Use up every descriptor; open files stay usable."""
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
