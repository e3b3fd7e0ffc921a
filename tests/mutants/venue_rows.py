"""Bugs that guess what a venue's row or refusal leaves open."""

from tests.mutants.mutant import Edit, mutant

PAYLOADS = "quoter/venues/ccxt/payloads.py"
FORMS = "quoter/venues/profiles/forms.py"
ROWS = ("tests/unit/venues/ccxt/test_payloads_doubtful.py",)
ERRORS = ("tests/unit/venues/ccxt/test_error_mapping.py",)

MUTANTS = (
    mutant(
        "timeout_of_a_create_is_a_refusal",
        'Bybit\'s "Order creation timeout" proves that no order exists',
        Edit("quoter/venues/profiles/bybit.py", '        "170146": "RequestTimeout",', ""),
        tests=ERRORS,
    ),
    mutant(
        "repeated_creation_is_a_refusal",
        "an order that Gate has already is taken for one that it refused",
        Edit(
            "quoter/venues/profiles/gate.py", '        "REPEATED_CREATION": "DuplicateOrderId",', ""
        ),
        tests=ERRORS,
    ),
    mutant(
        "timed_out_request_is_a_wrong_signature",
        'Bitget\'s "Request timed out" rejects the order and names the key',
        Edit("quoter/venues/profiles/bitget.py", '        "40010": "RequestTimeout",', ""),
        tests=ERRORS,
    ),
    mutant(
        "first_of_two_fees",
        "of a fee in two coins the first is booked",
        Edit(FORMS, "if len(rows) == 1 else {}", "if rows else {}"),
        tests=ROWS,
    ),
    mutant(
        "coin_of_a_fee_guessed",
        "a fee whose coin the venue does not name is booked in the coin that ccxt guesses",
        Edit(
            PAYLOADS,
            'form.coin(info) if form.asset else text(unified.get("currency"))',
            'form.coin(info) or text(unified.get("currency"))',
        ),
        tests=ROWS,
    ),
    mutant(
        "taxes_left_out",
        "a fill is booked with its fee only, although the venue took a tax as well",
        Edit(FORMS, "at_path(info, path) in _NO_FEES for", "True for"),
        tests=ROWS,
    ),
    mutant(
        "two_amounts_of_one_fee",
        "of two different amounts of Bitget's fee one is booked",
        Edit(FORMS, "if twin and (amount is None", "if False and (amount is None"),
        tests=ROWS,
    ),
    mutant(
        "missing_side_is_a_purchase",
        "a trade of Gate without a side is booked as ccxt guesses it",
        Edit("quoter/venues/profiles/gate.py", '    side_fields=("side",),\n', ""),
        tests=ROWS,
    ),
    mutant(
        "end_in_a_word_that_ccxt_lacks",
        "an order that Gate ended for a reason that ccxt does not know stays open",
        Edit(PAYLOADS, "word in profile.statuses), status)", "word in ()), status)"),
        tests=ROWS,
    ),
    mutant(
        "empty_venue_id_in_a_cancel",
        "a cancel by our id names an empty id of the venue too, which Bybit reads first",
        Edit(
            "quoter/venues/profiles/bybit.py",
            'param="orderLinkId", no_venue_id=None)',
            'param="orderLinkId")',
        ),
        tests=("tests/unit/venues/ccxt/test_order_cancellation_requests.py",),
    ),
    mutant(
        "kind_of_account_not_asked",
        "a unified account of Gate is traded by the balances of a classic one",
        Edit(
            "quoter/venues/ccxt/connect/startup.py",
            "        if found != kind.good:\n",
            "        if False:\n",
        ),
        tests=(
            "tests/integration/paper/test_paper_trial.py::"
            "test_unified_account_is_refused_with_the_reason",
        ),
    ),
)
