"""The whole state of an engine as plain data, so that a recording can begin within a run.

The objects of an engine become lists of names and values, which msgpack can encode. Each object is
written once; other references to it are its number. Functions, which connect components, are not
written: `load` uses those of a fresh engine. Reading creates objects of the packages in PACKAGES
only, and runs no code of their classes.
"""

import sys
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from decimal import Decimal
from enum import Enum
from functools import cache, partial
from types import FunctionType, MappingProxyType, MethodType
from typing import Final

import msgspec

from quoter.engine.engine import Engine
from quoter.recording.blocks import RecordingError

PACKAGES: Final = (
    "quoter.domain.",
    "quoter.engine.",
    "quoter.pricing.",
    "quoter.risk.",
    "quoter.state.",
)

type Coded = bool | int | float | str | list[Coded] | None

_CONNECTIONS: Final = (FunctionType, MethodType, partial)
_MAPPINGS: Final[dict[type, str]] = {dict: "dict", MappingProxyType: "dict", Counter: "Counter"}
_ABSENT: Final = object()


class UnreadableState(RecordingError):
    """A state that the engine of this version can't use."""


def dump(engine: Engine) -> msgspec.Raw:
    """Return the state of an engine between two events: about 100 kB of msgpack, in 15 ms.

    Raises TypeError for an object of an unsupported type.
    """
    return msgspec.Raw(msgspec.msgpack.encode(_Writer().coded(engine)))


def load(engine: Engine, state: msgspec.Raw) -> None:
    """Set the state of a fresh engine of the same configuration. Raises UnreadableState."""
    try:
        _Reader().value(msgspec.msgpack.decode(state), engine)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise UnreadableState(
            f"the state of the engine was recorded by another version ({error}): "
            "use the version that recorded it"
        ) from None


class _Writer:
    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}  # by identity
        self._written: list[object] = []  # kept alive, so that an identity stays unique

    def coded(self, value: object) -> Coded:
        match value:
            case Enum():
                return ["enum", _name(type(value)), value.name]
            case None | bool() | int() | float() | str():
                return value
            case Decimal():
                return ["decimal", str(value)]
            case FunctionType() | MethodType() | partial():
                return ["connection"]
            case tuple() if type(value) is tuple:
                return ["tuple", *map(self.coded, value)]
            case _:
                pass
        if (number := self._numbers.get(id(value))) is not None:
            return ["same", number]
        self._numbers[id(value)] = len(self._written)
        self._written.append(value)
        return self._object(value)

    def _object(self, value: object) -> Coded:
        match value:
            case tuple():
                return ["named", _name(type(value)), *map(self.coded, value)]
            case list():
                return ["list", *map(self.coded, value)]
            case deque():
                return ["deque", value.maxlen, *map(self.coded, value)]
            case dict() | MappingProxyType() if type(value) in _MAPPINGS:
                parts = (part for pair in value.items() for part in pair)
                return [_MAPPINGS[type(value)], *map(self.coded, parts)]
            case set() | frozenset():  # equal ones may differ in the order of their elements
                kind = "set" if isinstance(value, set) else "frozenset"
                return [kind, *map(self.coded, sorted(value, key=repr))]
            case _:
                pass
        coded: list[Coded] = ["object", _name(type(value))]
        for name in _attributes(value):
            coded += (name, self.coded(getattr(value, name)))
        return coded


class _Reader:
    """Reads a state.

    Components of the fresh engine are kept, because its functions refer to them.
    """

    def __init__(self) -> None:
        self._found: list[object] = []
        # components of the fresh engine whose state was set, by identity
        self._components: dict[int, object] = {}

    def value(self, coded: Coded, present: object) -> object:
        """Return the value of `coded`; `present` is the fresh engine's value in the same place."""
        if not isinstance(coded, list):
            return coded
        kind, *rest = coded
        match kind:
            case "enum":
                return getattr(_class(rest[0]), str(rest[1]))
            case "decimal":
                return Decimal(str(rest[0]))
            case "connection" if isinstance(present, _CONNECTIONS):
                return present
            case "tuple":
                return tuple(self._values(rest, present))
            case "same":
                return self._found[int(str(rest[0]))]
            case "object":
                return self._instance(rest, present)
            case _:
                pass
        return self._container(str(kind), rest, present)

    def _container(self, kind: str, rest: list[Coded], present: object) -> object:
        number = len(self._found)
        match kind:
            case "list":
                items = list[object]()
                self._found.append(items)
                items += self._values(rest, present)
            case "deque":
                most = None if rest[0] is None else int(str(rest[0]))
                queue = deque[object](maxlen=most)
                self._found.append(queue)
                queue += self._values(rest[1:], present)
            case "named":
                self._found.append(None)
                fields = self._values(rest[1:], present)
                self._found[number] = tuple.__new__(_class(rest[0]), fields)
            case "dict" | "Counter":
                pairs: dict[object, object] = {}
                self._found.append(pairs)
                there = present if isinstance(present, Mapping) else {}
                for key, item in zip(rest[::2], rest[1::2], strict=True):
                    name = self.value(key, _ABSENT)
                    pairs[name] = self.value(item, there.get(name, _ABSENT))
                if kind == "Counter":
                    self._found[number] = Counter(pairs)
            case "set" | "frozenset":
                self._found.append(None)
                elements = self._values(rest, _ABSENT)
                self._found[number] = set(elements) if kind == "set" else frozenset(elements)
            case _:
                raise ValueError(f"{kind} is missing or unknown")
        return self._found[number]

    def _instance(self, rest: list[Coded], present: object) -> object:
        kind, names = _class(rest[0]), [str(name) for name in rest[1::2]]
        is_component = type(present) is kind and not _is_frozen(kind)
        if is_component and not set(_attributes(present)) <= set(names):
            raise ValueError(f"{kind.__name__} has other attributes")
        is_component = is_component and id(present) not in self._components
        found = present if is_component else object.__new__(kind)
        self._components[id(found)] = found
        self._found.append(found)
        for name, coded in zip(names, rest[2::2], strict=True):
            there = getattr(present, name, _ABSENT)
            object.__setattr__(found, name, self.value(coded, there))
        return found

    def _values(self, coded: Sequence[Coded], present: object) -> Iterable[object]:
        """Read items; `present` is used if it is a list or tuple of equal length."""
        there: Sequence[object] = (_ABSENT,) * len(coded)
        if isinstance(present, list | tuple) and len(present) == len(coded):
            there = present
        return [self.value(item, before) for item, before in zip(coded, there, strict=True)]


def _slots(kind: type) -> tuple[str, ...]:
    """Return the slots of a class and of its bases."""
    slots = (getattr(base, "__slots__", ()) for base in kind.__mro__ if "__slots__" in vars(base))
    names = (name for each in slots for name in ((each,) if isinstance(each, str) else each))
    return tuple(name for name in names if name not in {"__dict__", "__weakref__"})


def _attributes(value: object) -> tuple[str, ...]:
    """Return the names of an object's attributes that have a value."""
    slots = (name for name in _slots(type(value)) if hasattr(value, name))
    return (*slots, *getattr(value, "__dict__", ()))


def _is_frozen(kind: type) -> bool:
    return is_dataclass(kind) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined]  # typeshed lacks it


def _name(kind: type) -> str:
    """Return the full name of a class. Raises TypeError for a class outside the core."""
    if not kind.__module__.startswith(PACKAGES):
        raise TypeError(f"{kind.__module__}.{kind.__qualname__} is no part of an engine's state")
    return f"{kind.__module__}:{kind.__qualname__}"


@cache
def _class_named(name: str) -> type:
    module, _, path = name.partition(":")
    if not module.startswith(PACKAGES) or module not in sys.modules:
        raise ValueError(f"{name} is unknown")
    found: object = sys.modules[module]
    for part in path.split("."):
        found = getattr(found, part)
    if not isinstance(found, type):
        raise TypeError(f"{name} is no class")
    return found


def _class(name: Coded) -> type:
    return _class_named(str(name))
