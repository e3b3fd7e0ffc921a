"""Tokens in the Authorization header, and the lock-out after wrong tokens."""

from hashlib import sha256

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from quoter.domain.units import NS_PER_S
from quoter.service.control_api.auth import Caller, LockOut, Role, Tokens

OPERATOR, RISK = "o" * 31 + "1", "r" * 31 + "2"


def caller(*values: str) -> Caller | None:
    headers = CIMultiDict([("Authorization", value) for value in values])
    tokens = Tokens({Role.OPERATOR: OPERATOR, Role.RISK: RISK})
    return tokens.caller(CIMultiDictProxy(headers))


def test_a_token_names_its_role_and_the_beginning_of_its_hash() -> None:
    found = caller(f"Bearer {RISK}")
    assert found == Caller(Role.RISK, sha256(RISK.encode()).hexdigest()[:8])
    assert str(found).startswith("risk:")
    assert RISK not in repr(found)


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "bEaReR"])
def test_the_scheme_is_case_insensitive(scheme: str) -> None:
    """RFC 9110; otherwise a client that writes it in lower case would be locked out."""
    assert caller(f"{scheme} {RISK}") == caller(f"Bearer {RISK}")


@pytest.mark.parametrize(
    "values",
    [
        (),
        ("",),
        ("Bearer",),
        ("Bearer ",),
        (f"Basic {RISK}",),
        (f"Bearer{RISK}",),
        (f"Bearer  {RISK}",),
        (f"Bearer {RISK} ",),
        (f"Bearer {RISK}\udcff",),
        (f"Bearer {RISK}", f"Bearer {RISK}"),
        (f"Bearer {OPERATOR}{RISK}",),
    ],
)
def test_an_invalid_authorization_header_has_no_caller(values: tuple[str, ...]) -> None:
    assert caller(*values) is None


def test_the_fifth_failure_within_a_minute_locks_out_for_a_minute() -> None:
    lock = LockOut()
    for second in (0, 10, 20, 30):
        lock.failed(second * NS_PER_S)
        assert lock.left_s(second * NS_PER_S) == 0
    lock.failed(60 * NS_PER_S)
    assert lock.left_s(60 * NS_PER_S) == 60
    assert lock.left_s(119 * NS_PER_S + 1) == 1
    assert lock.left_s(120 * NS_PER_S) == 0


def test_failures_farther_apart_do_not_lock_out() -> None:
    lock = LockOut()
    for number in range(100):
        now_ns = number * 15 * NS_PER_S + number
        lock.failed(now_ns)
        assert lock.left_s(now_ns) == 0
