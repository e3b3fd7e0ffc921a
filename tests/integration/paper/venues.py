"""All paper venues, and the cases that still fail at some of them."""

from collections.abc import Callable, Mapping

import pytest

from quoter.venues.config import Environment
from tests.integration.paper.bitget import Bitget
from tests.integration.paper.bybit import Bybit
from tests.integration.paper.forms import Form
from tests.integration.paper.gate import Gate
from tests.integration.paper.kraken import Kraken
from tests.integration.paper.okx import Okx

FORMS: tuple[type[Form], ...] = (Bybit, Okx, Kraken, Gate, Bitget)
# Testnets and demos that may be quoted after a trial order at each start.
TEST_SYSTEMS: tuple[tuple[type[Form], Environment], ...] = (
    (Bybit, "testnet"),
    (Bybit, "demo"),
    (Okx, "demo"),
    (Gate, "testnet"),
    (Bitget, "demo"),
)
# By venue and test: why it fails. A profile with such a case stays refused.
FAILING: Mapping[str, Mapping[str, str]] = {}


each_test_system = pytest.mark.parametrize(
    ("form", "environment"),
    TEST_SYSTEMS,
    ids=[f"{form.exchange}_{environment}" for form, environment in TEST_SYSTEMS],
)


def each_venue[**P, R](test: Callable[P, R]) -> Callable[P, R]:
    """Run a test at every venue; a case that is listed as failing must fail."""
    found = []
    for form in FORMS:
        reason = FAILING.get(form.exchange, {}).get(test.__name__)
        marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
        found.append(pytest.param(form, id=form.exchange, marks=marks))
    return pytest.mark.parametrize("form", found)(test)
