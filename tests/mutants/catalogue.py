"""All mutants; `make mutants` fails unless a test fails for each of them."""

from tests.mutants import (
    cancels_and_requests,
    command_line,
    control_api,
    feeds_and_foreign_activity,
    fees_and_balances,
    health,
    kill_switch,
    memory,
    order_rules,
    orders,
    own_orders,
    regime,
    requests_and_stops,
    secrets,
    sentinel,
    service,
    venue_answers,
    venue_io,
)

MUTANTS = (
    *orders.MUTANTS,
    *venue_io.MUTANTS,
    *venue_answers.MUTANTS,
    *feeds_and_foreign_activity.MUTANTS,
    *health.MUTANTS,
    *regime.MUTANTS,
    *control_api.MUTANTS,
    *command_line.MUTANTS,
    *kill_switch.MUTANTS,
    *secrets.MUTANTS,
    *sentinel.MUTANTS,
    *service.MUTANTS,
    *order_rules.MUTANTS,
    *fees_and_balances.MUTANTS,
    *cancels_and_requests.MUTANTS,
    *own_orders.MUTANTS,
    *memory.MUTANTS,
    *requests_and_stops.MUTANTS,
)
# Run when none of a mutant's own tests fails.
FALLBACK = (
    "tests/unit/engine",
    "tests/unit/state",
    "tests/unit/risk",
    "tests/unit/domain",
    "tests/unit/venues",
    "tests/unit/service",
    "tests/property/test_orders_machine.py",
)
