"""Bugs that take an absent answer for an empty one, or one meaning of a refusal for another."""

from tests.mutants.mutant import Edit, mutant

PAYLOADS = "quoter/venues/ccxt/payloads.py"
ANSWERS = "quoter/venues/answers.py"
UNIT = "tests/unit/venues"

MUTANTS = (
    mutant(
        "page_is_an_answer",
        "a page with HTTP status 200 is given to ccxt, which finds an empty account in it",
        Edit(ANSWERS, "    if not isinstance(answer, dict | list):\n", "    if False:\n"),
        tests=(f"{UNIT}/test_answers.py",),
    ),
    mutant(
        "missing_list_is_empty",
        "an answer without the requested list counts as an empty list",
        Edit(ANSWERS, "    if not answer and not has_list():\n", "    if False:\n"),
        tests=(f"{UNIT}/test_answers.py",),
    ),
    mutant(
        "forms_of_binance_not_checked",
        "an object where Binance documents a list is an empty list",
        Edit(
            "quoter/venues/binance/answers.py",
            "    except msgspec.ValidationError as error:\n        return str(error)\n",
            "    except msgspec.ValidationError:\n        return ''\n",
        ),
        tests=(f"{UNIT}/test_answers.py",),
    ),
    mutant(
        "absent_fee_is_zero",
        "a fill without a reported fee is booked without fee",
        Edit(
            PAYLOADS,
            'decimal(unified.get("cost")), text(',
            'decimal(unified.get("cost")) or Decimal(0), text(',
        ),
        tests=(f"{UNIT}/ccxt/test_payloads.py",),
    ),
    mutant(
        "unreadable_balance_is_zero",
        "a balance that can't be read counts as zero",
        Edit(
            PAYLOADS,
            "    amount = decimal(value)\n",
            "    amount = decimal(value) or Decimal(0)\n",
        ),
        tests=(f"{UNIT}/ccxt/test_payloads.py",),
    ),
    mutant(
        "create_acknowledged_without_an_id",
        "an answer that names no order acknowledges a create",
        Edit(PAYLOADS, "    if not venue_id:\n", "    if False:\n"),
        tests=(f"{UNIT}/ccxt/test_payloads.py",),
    ),
    mutant(
        "missing_filter_is_no_rule",
        "a filter that is missing in the venue's answer means that there is no such rule",
        Edit(
            "quoter/venues/ccxt/connect/market_rules.py",
            "    if value is None or value < 0:\n",
            "    if value is not None and value < 0:\n",
        ),
        tests=(f"{UNIT}/ccxt/connect/test_market_rules.py",),
    ),
    mutant(
        "firewall_asked_again_at_once",
        "requests go on after a firewall has refused them",
        Edit(
            "quoter/venues/growing_pause.py",
            "            self._until_s = now_s + self._pause_s\n",
            "            self._until_s = now_s\n",
        ),
        tests=(f"{UNIT}/test_growing_pause.py",),
    ),
    mutant(
        "delisted_symbol_is_no_answer",
        "a symbol that the venue does not know any more is requested for ever",
        Edit(
            "quoter/venues/binance/rest.py",
            "        if code == UNKNOWN_SYMBOL:\n",
            "        if False:\n",
        ),
        tests=("tests/integration/test_venues_answers.py",),
    ),
    mutant(
        "maintenance_ends_a_start",
        "a start during maintenance ends at the first answer that is none",
        Edit(
            "quoter/app/startup.py",
            "            if loop.time() + pause_s > end_s:\n",
            "            if True:\n",
        ),
        tests=("tests/unit/app/test_startup.py",),
    ),
)
