"""Each setting has a group, a description and a unit."""

from quoter.settings import (
    Settings,
    known_names,
)
from quoter.settings.fields import GROUPS

UNITS = (
    "base units", "quote currency", "seconds", "second", "bps of price", "no unit", "count",
    "number", "mib", "days",
)  # fmt: skip


def test_every_setting_has_a_group_and_a_description() -> None:
    named = [name for group in GROUPS for name in group.model_fields]
    assert sorted(named) == sorted(Settings.model_fields)
    assert len(known_names()) == len(named)
    assert all(field.description for field in Settings.model_fields.values())


def test_every_number_names_its_unit() -> None:
    for name, field in Settings.model_fields.items():
        if any(kind in str(field.annotation) for kind in ("float", "int", "Decimal")):
            assert field.description is not None
            assert any(unit in field.description.lower() for unit in UNITS), name
