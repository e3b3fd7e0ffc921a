"""Bugs in coin fees, reject streaks, balance checks, order sizes and bounds of live parameters."""

from tests.mutants.mutant import Edit, mutant

FEES, FEES_TESTS = (
    "quoter/engine/reconciliation/coin_fees.py",
    "tests/unit/engine/reconciliation/test_coin_fees.py",
)

ACCOUNT_FEE = "quoter/venues/ccxt/connect/account_fee.py"
ACCOUNT_FEE_TESTS = "tests/unit/venues/ccxt/connect/test_account_fee.py"

MAKER_FEE, MAKER_FEE_TESTS = (
    "quoter/engine/reconciliation/maker_fee.py",
    "tests/unit/engine/reconciliation/test_maker_fee.py",
)

COINS = (
    mutant(
        "rules_take_the_fee_back",
        "a report of the rules that is older than that of the fee sets the former fee",
        Edit(
            "quoter/engine/market/market_rules.py",
            "replace(event.instrument, fee_maker=before.fee_maker)",
            "replace(event.instrument)",
        ),
        tests=(MAKER_FEE_TESTS,),
    ),
    mutant(
        "fees_of_fills_ignored",
        "a fill that paid another maker fee requests nothing",
        Edit(MAKER_FEE, "            self._due_ns = step.ts_ns\n            return\n", ""),
        tests=(MAKER_FEE_TESTS,),
    ),
    mutant(
        "fee_of_the_settings_is_requested",
        "QUOTER_FEE_MAKER_BPS is replaced by the account's fee while running",
        Edit(
            "quoter/venues/ccxt/connect/startup.py",
            "await self._requested_fee() if fee is None else fee",
            "await self._requested_fee()",
        ),
        tests=(ACCOUNT_FEE_TESTS,),
    ),
    mutant(
        "regime_keeps_the_tick_of_the_start",
        "moves above a finer tick are taken for bounces between bid and ask",
        Edit(
            "quoter/engine/quoting/regime.py",
            "self._now.dead_band = self._instrument",
            "self._now.dead_band = self._now.dead_band or self._instrument",
        ),
        tests=("tests/unit/engine/test_components.py",),
    ),
    mutant(
        "id_that_stands_for_no_trade",
        "two fills with the id -1 are one trade with two contents, which kills",
        Edit("quoter/venues/ccxt/payloads.py", " or trade_id.startswith(NO_ID)", ""),
        tests=("tests/unit/venues/ccxt/test_payloads.py",),
    ),
    mutant(
        "fill_without_a_side_is_a_sell",
        "the side that ccxt derives for a public trade is taken for that of our fill",
        Edit(
            "quoter/venues/ccxt/payloads.py",
            "if is_named or not profile.side_fields else None",
            "if True else None",
        ),
        tests=("tests/unit/venues/ccxt/test_payloads.py",),
    ),
    mutant(
        "unread_fee_taken_for_zero",
        "a maker fee that the venue does not report is zero",
        Edit(
            ACCOUNT_FEE,
            'decimal(answer.get("maker"))',
            'decimal(answer.get("maker")) or Decimal(0)',
        ),
        tests=(ACCOUNT_FEE_TESTS,),
    ),
    mutant(
        "fee_of_ccxts_table",
        "the maker fee is that of ccxt's table, not the account's",
        Edit(
            "quoter/venues/ccxt/connect/startup.py",
            "if self._fee is None and not self._config.is_cancel_only:",
            "if False:",
        ),
        tests=(
            "tests/integration/test_daemon_dialects.py"
            "::test_order_is_placed_and_cancelled_at_other_exchanges",
        ),
    ),
    mutant(
        "refused_fee_request_waits",
        "a start waits for a maker fee that the venue refuses to report",
        Edit(ACCOUNT_FEE, "if answer.status:", "if False:"),
        tests=(ACCOUNT_FEE_TESTS,),
    ),
    mutant(
        "dry_run_without_the_accounts_fee",
        "a dry run quotes with the fee of a new account although it has a key",
        Edit(
            "quoter/app/daemon.py",
            "venue_config(settings, is_dry=dry_run)",
            "venue_config(settings, with_key=not dry_run, is_dry=dry_run)",
        ),
        tests=("tests/integration/test_daemon_dry.py",),
    ),
    mutant(
        "dry_run_could_create",
        "the egress gate of a dry run with a key is not sealed",
        Edit(
            "quoter/venues/config.py",
            "self.is_public_only or self.is_read_only",
            "self.is_public_only",
        ),
        tests=("tests/unit/app/test_settings_to_config.py",),
    ),
    mutant(
        "default_fee_without_a_warning",
        "without a key the fee of ccxt's table is used silently",
        Edit(
            "quoter/venues/ccxt/gateway.py",
            '            ("maker_fee", self._startup.fee_warning),\n',
            "",
        ),
        tests=(ACCOUNT_FEE_TESTS,),
    ),
    mutant(
        "wrong_secret_called_a_wrong_key",
        "a signature that does not match is reported as an unknown key",
        Edit(
            "quoter/venues/profiles/binance.py", '"-1022": KeyFault.SECRET', '"-1022": KeyFault.KEY'
        ),
        tests=("tests/unit/venues/ccxt/test_error_mapping.py",),
    ),
    mutant(
        "coin_fees_ignored",
        "fees in a third coin never reach the profit",
        Edit(
            "quoter/engine/components.py", "charge=self.coin_fees.charge", "charge=lambda *_: None"
        ),
        tests=(FEES_TESTS,),
    ),
    mutant(
        "coin_price_never_expires",
        "the first price of a fee coin is used for ever",
        Edit(FEES, " or step.ts_ns - coin.priced_ns > PRICE_AGE_NS:", ":"),
        tests=(FEES_TESTS,),
    ),
    mutant(
        "unpriced_fees_raise_no_cause",
        "fees that can't be priced stop nothing",
        Edit(FEES, "        if not late:\n", "        if late or not late:\n"),
        tests=(FEES_TESTS,),
    ),
    mutant(
        "coin_price_not_inverted",
        "the price of an inverted market is not inverted",
        Edit("quoter/venues/ccxt/coin_price.py", "ROUNDED.divide(Decimal(1), bid)", "ask"),
        tests=(
            "tests/integration/test_daemon_coin_fees.py"
            "::test_coin_price_is_the_best_ask_of_a_direct_or_inverted_market",
        ),
    ),
)

EXACT = "tests/property/test_exact_amounts.py"
EXACTNESS = (
    mutant(
        "decimal_default_context",
        "sums of long amounts are rounded to 28 digits",
        Edit("quoter/__init__.py", "DECIMAL_DIGITS = 200", "DECIMAL_DIGITS = 28"),
        tests=(EXACT,),
    ),
    mutant(
        "decimal_context_of_one_thread",
        "threads that start later round to 28 digits",
        Edit("quoter/__init__.py", "DefaultContext.prec = DECIMAL_DIGITS", ""),
        tests=(EXACT,),
    ),
    mutant(
        "order_size_through_float",
        "an order size of 17 digits is changed on its way through a float",
        Edit("quoter/domain/instrument.py", "size * exact(share)", "exact(float(size) * share)"),
        tests=("tests/unit/domain/test_instrument.py",),
    ),
    mutant(
        "endless_number_accepted",
        "a number of a million digits is taken for an amount",
        Edit("quoter/venues/json_values.py", " and _is_short(number)", ""),
        tests=("tests/unit/venues/test_json_values.py",),
    ),
    mutant(
        "state_with_exponents",
        "/state writes a small amount as 1E-8",
        Edit("quoter/domain/number_text.py", 'text = f"{exact:f}"', "text = str(exact)"),
        tests=(
            "tests/unit/domain/test_number_text.py",
            "tests/unit/service/http/test_state_view.py",
        ),
    ),
)

REJECT_STREAKS = (
    mutant(
        "slow_reject_streak_ignored",
        "a venue that rejects every order is sent more of them if the rejects come slowly",
        Edit(
            "quoter/risk/monitors/reject_streak.py",
            "is_full and reason in TRANSIENT_REJECTS:",
            "is_full:",
        ),
        tests=(
            "tests/unit/risk/monitors/test_reject_streak.py",
            "tests/unit/engine/placing/test_placing.py",
        ),
    ),
)

RECONCILE = "quoter/engine/reconciliation/reconcile.py"
BALANCES = "tests/unit/engine/reconciliation/test_balance_check.py"

BOOKS = (
    mutant(
        "lasting_difference_only_pauses",
        "a lasting difference of balances only pauses, however long it lasts",
        Edit(RECONCILE, "self._differs_since_ns and lasted_ns >= LASTING_NS:", "False:"),
        tests=(BALANCES,),
    ),
    mutant(
        "old_report_counts_as_new",
        "a venue that does not answer for a minute kills because of its first, old answer",
        Edit(
            RECONCILE,
            "lasted_ns = asked_ns - self._differs_since_ns",
            "lasted_ns = step.ts_ns - self._differs_since_ns",
        ),
        tests=(BALANCES,),
    ),
    mutant(
        "holdings_above_limit_ignored",
        "the holdings that the venue reports are not compared with the limit",
        Edit(
            "quoter/engine/reconciliation/venue_position.py", "self._beyond >= REPORTS:", "False:"
        ),
        tests=(BALANCES,),
    ),
    mutant(
        "holdings_before_a_fill_count",
        "balances requested before a fill are compared with the limit after it",
        Edit(
            "quoter/engine/reconciliation/venue_position.py", "report.asked_ns > booked_ns and ", ""
        ),
        tests=(BALANCES,),
    ),
)

SIZES = (
    mutant(
        "order_larger_than_the_limit",
        "with many levels one order may be larger than the inventory limit",
        Edit("quoter/app/settings_to_config.py", "min(most, settings.inventory_max / 2)", "most"),
        tests=("tests/unit/app/test_settings_to_config.py",),
    ),
)

LIVE_PARAMS = (
    mutant(
        "protection_disabled_live",
        "live changes can halve a protection until it has no effect",
        Edit("quoter/settings/live_bounds.py", "if value >= least * (1 - ROUNDING):", "if True:"),
        tests=("tests/unit/settings/test_live_bounds.py",),
    ),
)

PAYLOADS = "quoter/venues/ccxt/payloads.py"
VENUE_FORMS = "tests/unit/venues/ccxt/test_payloads_venues.py"

VENUES = (
    mutant(
        "fee_sign_of_a_venue_ignored",
        "a charge of a venue that writes charges below zero is booked as a rebate",
        Edit(PAYLOADS, "        fee = -fee\n", "        fee = +fee\n"),
        tests=(VENUE_FORMS,),
    ),
    mutant(
        "fee_of_the_order_for_that_of_the_fill",
        "an unreadable fee of a fill is replaced by the sum over the order",
        Edit(
            PAYLOADS,
            "if each.is_in(info)), None)",
            "if decimal(at_path(info, each.amount)) is not None), None)",
        ),
        tests=(VENUE_FORMS,),
    ),
    mutant(
        "locked_balance_counted_twice",
        "a total counts as the free amount, so that what is locked counts twice",
        Edit(PAYLOADS, "whole if form.free else whole - locked", "whole"),
        tests=(VENUE_FORMS,),
    ),
    mutant(
        "balance_through_a_float",
        "a number that the venue's own text does not hold is taken from ccxt's float",
        Edit(
            PAYLOADS,
            "    if paths := fields.get(name, ()):\n"
            '        return first_decimal(as_map(raw.get("info")), paths)\n',
            "    if (paths := fields.get(name, ())) and (\n"
            '        found := first_decimal(as_map(raw.get("info")), paths)\n'
            "    ) is not None:\n"
            "        return found\n",
        ),
        tests=(VENUE_FORMS,),
    ),
    mutant(
        "absent_code_of_an_answer_accepted",
        "an answer without the venue's result code counts as a good one",
        Edit(
            "quoter/venues/profiles/forms.py",
            "if found != self.good:",
            "if found not in (self.good, None):",
        ),
        tests=("tests/unit/venues/test_answers.py",),
    ),
    mutant(
        "absent_list_of_an_answer_accepted",
        "an answer without the list that was requested counts as an empty list",
        Edit("quoter/venues/profiles/forms.py", "if url_path.endswith(end)]", "if not end]"),
        tests=("tests/unit/venues/test_answers.py",),
    ),
)

DOCUMENTED_TESTS = "tests/integration/paper/test_paper_documented.py"
DOCUMENTED = (
    mutant(
        "locked_amount_of_a_field_that_no_venue_sends",
        "what Bitget's open orders lock is read from a field that its answers lack",
        Edit("quoter/venues/profiles/bitget.py", '("frozen", "locked")', '("hold", "locked")'),
        tests=(DOCUMENTED_TESTS,),
    ),
    mutant(
        "paper_venue_with_a_field_of_its_own",
        "a paper venue names the fee's coin as the venue does not",
        Edit("tests/integration/paper/bybit.py", '"feeCurrency": lambda', '"feeAsset": lambda'),
        tests=(DOCUMENTED_TESTS,),
    ),
)

MUTANTS = (*DOCUMENTED, *VENUES, *COINS, *EXACTNESS, *REJECT_STREAKS, *BOOKS, *SIZES, *LIVE_PARAMS)
