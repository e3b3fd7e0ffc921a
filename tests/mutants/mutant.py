"""A mutant: a realistic bug as a text patch, and the tests that must fail because of it."""

from dataclasses import dataclass
from typing import NamedTuple


class BrokenMutant(Exception):
    """A patch that does not apply to the present tree exactly once."""


class Edit(NamedTuple):
    """Replace `old` by `new`; `old` must occur exactly once in `path`."""

    path: str
    old: str
    new: str

    def apply(self, text: str) -> str:
        """Return the changed text. Raises BrokenMutant if the patch does not apply exactly once."""
        found = text.count(self.old)
        if found != 1:
            raise BrokenMutant(f"{self.path}: {found} times {self.old!r}")
        if self.old == self.new:
            raise BrokenMutant(f"{self.path}: changes nothing: {self.old!r}")
        return text.replace(self.old, self.new)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One seeded bug. `tests` are pytest selections, the fastest first."""

    name: str
    breaks: str  # what goes wrong, in one line
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]


def mutant(name: str, breaks: str, *edits: Edit, tests: tuple[str, ...]) -> Mutant:
    return Mutant(name=name, breaks=breaks, edits=edits, tests=tests)
