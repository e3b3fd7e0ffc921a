"""Bugs in what may leave this machine, and in stops of a process that did not place the orders."""

from tests.mutants.mutant import Edit, mutant

REQUEST_PATHS = "quoter/venues/egress/request_paths.py"
PATHS = "tests/unit/venues/egress/test_request_paths.py"

REQUESTS = (
    mutant(
        "get_is_always_a_read",
        "a create by GET, as at Deribit, passes as a read",
        Edit(REQUEST_PATHS, "    if _ACTS.search(path):\n        return False\n", ""),
        tests=(PATHS,),
    ),
    mutant(
        "cancel_posts_anywhere",
        "a call declared as a cancel may post a create",
        Edit(
            REQUEST_PATHS,
            "if purpose is Purpose.CANCEL and _CANCELS.search(path):",
            "if purpose is Purpose.CANCEL:",
        ),
        tests=(PATHS,),
    ),
    mutant(
        "dead_man_posted_as_a_cancel",
        "a cancel may arm the venue's switch, which cancels every order of the account",
        Edit(REQUEST_PATHS, '"(?i)cancel(?!.*after)"', '"(?i)cancel"'),
        tests=(PATHS,),
    ),
)

MUTANTS = (*REQUESTS,)
