"""A mutant: a bug that somebody could write, as data, and the tests that ought to see it."""

from dataclasses import dataclass
from typing import NamedTuple


class BrokenMutant(Exception):
    """A patch that does not fit the present tree exactly once."""


class Edit(NamedTuple):
    """Replace `old` by `new`; `old` must occur exactly once in `path`."""

    path: str
    old: str
    new: str

    def apply(self, text: str) -> str:
        """The mutated text. Raises BrokenMutant if the patch does not fit, or changes nothing."""
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
    breaks: str  # what goes wrong, in a few words
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]


def mutant(name: str, breaks: str, *edits: Edit, tests: tuple[str, ...]) -> Mutant:
    return Mutant(name=name, breaks=breaks, edits=edits, tests=tests)
