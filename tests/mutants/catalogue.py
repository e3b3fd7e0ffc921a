"""Every mutant that the suite must kill."""

from tests.mutants import (
    client,
    control,
    doors,
    health,
    kills,
    money,
    orders,
    pretrade,
    regime,
    secrets,
    sentinel,
    truth,
    wire,
)

MUTANTS = (
    *orders.MUTANTS,
    *doors.MUTANTS,
    *truth.MUTANTS,
    *health.MUTANTS,
    *regime.MUTANTS,
    *control.MUTANTS,
    *client.MUTANTS,
    *kills.MUTANTS,
    *secrets.MUTANTS,
    *sentinel.MUTANTS,
    *pretrade.MUTANTS,
    *money.MUTANTS,
    *wire.MUTANTS,
)
# Where a mutant's own tests do not see it, these may.
FALLBACK = (
    "tests/unit/engine",
    "tests/unit/state",
    "tests/unit/risk",
    "tests/unit/domain",
    "tests/unit/venues",
    "tests/unit/service",
    "tests/property/test_orders_machine.py",
)
