"""The lanes of `make test` contain every test once, and their results are read correctly."""

import pytest

from tests.lanes import INTEGRATION, SIMULATION, Result, closing_line, lanes, total
from tests.tidy.repository import tracked


def test_every_folder_of_tests_is_in_exactly_one_lane() -> None:
    *others, fast = sorted(lanes(2), key=lambda lane: lane.name == "fast")
    ignored = {part.removeprefix("--ignore=") for part in fast.selection if "--ignore=" in part}
    assert ignored == {lane.selection[0] for lane in others} == {INTEGRATION, SIMULATION}
    assert all(any(path.startswith(f"{folder}/") for path in tracked()) for folder in ignored)


@pytest.mark.parametrize(
    ("output", "closing"),
    [
        ("...\n12 passed in 3.45s\n", "12 passed in 3.45s"),
        (
            "=== 1 failed, 2 passed in 70.00s (0:01:10) ===",
            "1 failed, 2 passed in 70.00s (0:01:10)",
        ),
        ("no tests ran in 0.10s\n", "no tests ran in 0.10s"),
        ("Segmentation fault\n", ""),
    ],
)
def test_closing_line_is_found_in_the_output(output: str, closing: str) -> None:
    assert closing_line(output) == closing


@pytest.mark.parametrize(
    ("code", "closing", "is_passed"),
    [
        (0, "1 passed in 1s", True),
        (5, "no tests ran in 1s", True),
        (1, "1 failed in 1s", False),
        (0, "", False),
        (-9, "", False),
    ],
)
def test_lane_passes_only_with_exit_code_and_closing_line(
    code: int, closing: str, is_passed: bool
) -> None:
    assert Result(lane=lanes(1)[0], code=code, closing=closing).is_passed is is_passed


def test_total_adds_up_all_lanes() -> None:
    closings = ["3 failed, 10 passed in 1.00s", "1 error, 5 passed, 2 skipped in 2.00s", ""]
    assert total(closings, 61.0) == "1 errors, 3 failed, 15 passed, 2 skipped in 61.00s (0:01:01)"
