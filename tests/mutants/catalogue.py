"""Every mutant that the suite must kill."""

from tests.mutants import (
    control,
    doors,
    health,
    kills,
    orders,
    pretrade,
    regime,
    secrets,
    sentinel,
    service,
    truth,
)

MUTANTS = (
    *orders.MUTANTS,
    *doors.MUTANTS,
    *truth.MUTANTS,
    *health.MUTANTS,
    *regime.MUTANTS,
    *control.MUTANTS,
    *kills.MUTANTS,
    *secrets.MUTANTS,
    *sentinel.MUTANTS,
    *service.MUTANTS,
    *pretrade.MUTANTS,
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
