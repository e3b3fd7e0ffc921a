"""Bugs in the recognition of our own orders, and in lists that look complete."""

from tests.mutants.mutant import Edit, mutant

PAYLOADS = "quoter/venues/ccxt/payloads.py"
OWN = "tests/unit/venues/ccxt/test_private_events_own_orders.py"
REQUESTS = "tests/unit/venues/ccxt/test_order_cancellation_requests.py"
VERIFICATION = "tests/unit/venues/egress/test_request_verification.py"

IDENTITY = (
    mutant(
        "prefix_of_the_venue_kept",
        "Gate's prefix stays in our id, so that our orders look foreign",
        Edit(PAYLOADS, "return found.removeprefix(profile.ids.prefix)", "return found"),
        tests=(OWN,),
    ),
    mutant(
        "id_field_of_the_stream_ignored",
        "an order is named by ccxt's unified id, at Kraken a number that is not ours",
        Edit(
            PAYLOADS,
            'text(raw.get("clientOrderId") if name == UNIFIED else info.get(name))',
            'text(raw.get("clientOrderId"))',
        ),
        tests=(OWN,),
    ),
    mutant(
        "our_id_under_any_name",
        "a create passes with our id under a name that the venue ignores",
        Edit(
            "quoter/venues/egress/request_verification.py",
            "return found == [(ids.create_field, ids.written(client_id))]",
            "return len(found) == 1",
        ),
        tests=(VERIFICATION,),
    ),
    mutant(
        "cancel_under_the_unified_name",
        "a cancel by our id has a name that Bybit does not read",
        Edit(
            "quoter/venues/profiles/bybit.py",
            'cancel=ById(field="orderLinkId", param="orderLinkId", no_venue_id=None)',
            'cancel=ById(field="orderLinkId", no_venue_id=None)',
        ),
        tests=(REQUESTS,),
    ),
    mutant(
        "row_names_the_order_before_the_venue_id",
        "a row without our id renames an order that the venue's id identifies",
        Edit(
            "quoter/venues/ccxt/private_events.py",
            "        return known or client_id\n",
            "        return client_id\n",
        ),
        tests=(OWN,),
    ),
)

PAGES = "quoter/venues/ccxt/paged_list.py"
JSON_VALUES = "quoter/venues/json_values.py"
PAGED = "tests/unit/venues/ccxt/test_paged_list.py"

LISTS = (
    mutant(
        "empty_cursor_left_out",
        "the empty cursor of a full last page is lost, so that the list has no proven end",
        Edit(
            "quoter/venues/answers.py",
            "not _has_empty(call.answer, name)",
            "not _has_empty(call.answer, name[1:])",
        ),
        tests=("tests/unit/venues/test_answers.py",),
    ),
    mutant(
        "first_page_is_the_list",
        "the first page of a list counts as the whole list",
        Edit(
            PAGES,
            "if len(page) < max(1, paging.full_page) or not paging.full_page or until_id in rows:",
            "if True:",
        ),
        tests=(PAGED,),
    ),
    mutant(
        "repeated_page_is_the_end",
        "a venue that ignores the cursor and repeats its first page counts as read to the end",
        Edit(
            PAGES,
            "        if not fresh:\n",
            "        if not fresh:\n            return found, number\n",
        ),
        tests=(PAGED,),
    ),
    mutant(
        "digits_that_int_refuses",
        "an id of a superscript counts as a number, and raises where it is read",
        Edit(JSON_VALUES, "return name.isascii() and name.isdigit()", "return name.isdigit()"),
        tests=(PAGED,),
    ),
    mutant(
        "ids_compared_as_text",
        "the next page is requested from the id that is the least as text",
        Edit(PAGES, "min(ids, key=int)", "min(ids)"),
        tests=(PAGED,),
    ),
    mutant(
        "trade_ids_unchecked",
        "the next page of trades is requested from ids that are not numbers",
        Edit(
            "quoter/venues/ccxt/account_reports.py",
            "if not all(is_whole_number(each) for each in fresh):",
            "if not fresh:",
        ),
        tests=("tests/unit/venues/ccxt/test_account_reports_ids.py",),
    ),
    mutant(
        "unproven_page_is_the_list",
        "a full page of a venue without proven paging counts as the whole list",
        Edit(
            PAGES,
            "        if paging.by is PageBy.NOTHING:\n",
            "        if paging.by is PageBy.NOTHING:\n            return found, number\n",
        ),
        tests=(PAGED,),
    ),
)

CANCELLATION = "quoter/venues/ccxt/order_cancellation.py"
CANCELS = "tests/unit/venues/ccxt/test_order_cancellation.py"

STOPS = (
    mutant(
        "nothing_cancelled_without_a_list",
        "when our orders can't be listed, those known by the venue's id are not cancelled",
        Edit(
            CANCELLATION,
            "(cancel(order) for order in self._known_open())",
            "(cancel(order) for order in [])",
        ),
        tests=(CANCELS,),
    ),
    mutant(
        "answer_about_another_order",
        "the answer to a query is used without comparing whose order it describes",
        Edit(
            CANCELLATION,
            "        if event is None or not self._is_about(row, order):\n",
            "        if event is None:\n",
        ),
        tests=(CANCELS,),
    ),
    mutant(
        "unfiltered_list_proves_absence",
        "an order counts as unknown to a venue that ignored the filter by our id",
        Edit(CANCELLATION, "is_unknown = is_unknown and not rows", "pass"),
        tests=(CANCELS,),
    ),
    mutant(
        "unproven_venue_connects",
        "a venue without a proven profile is quoted until its first order kills",
        Edit(
            "quoter/venues/ccxt/connect/startup.py",
            "        self._check_proven()\n",
            "",
        ),
        tests=("tests/unit/venues/ccxt/connect/test_startup_refusals.py",),
    ),
)

PROFILE = "quoter/venues/profiles/profile.py"
REFUSALS = "tests/unit/venues/ccxt/connect/test_startup_refusals.py"
PLAY_MONEY = (
    mutant(
        "tried_venue_quoted_in_production",
        "a venue that was tried with play money is quoted with real money",
        Edit(
            PROFILE,
            "or config.environment not in self.trial_environments:",
            "or not self.trial_environments:",
        ),
        tests=(REFUSALS,),
    ),
    mutant(
        "tried_venue_without_its_trial_order",
        "a testnet is quoted although no trial order precedes the quotes",
        Edit(PROFILE, "if not config.is_trial_first:", "if False:"),
        tests=(REFUSALS,),
    ),
    mutant(
        "trial_order_claimed_when_it_is_off",
        "a trial order is claimed to come first, whatever the setting says",
        Edit(
            "quoter/app/settings_to_config.py",
            "is_trial_first=trial_mode(settings) is not TrialMode.OFF",
            "is_trial_first=True",
        ),
        tests=("tests/unit/app/test_settings_to_config.py",),
    ),
    mutant(
        "kind_of_account_guessed_from_a_failure",
        "ccxt takes a failed question for the kind of a Bitget account for a classic account",
        Edit("quoter/venues/profiles/bitget.py", 'options={"uta": False},', ""),
        tests=(
            "tests/integration/paper/test_paper_trial.py::"
            "test_unified_account_is_refused_with_the_reason",
        ),
    ),
    mutant(
        "demo_without_its_added_urls",
        "Gate's testnet has no socket for spot",
        Edit("quoter/venues/ccxt/client.py", ", **system.urls}", "}"),
        tests=("tests/unit/venues/ccxt/test_client.py",),
    ),
)

TRIAL = "quoter/venues/ccxt/connect/trial_requests.py"
TRIAL_TESTS = "tests/unit/venues/ccxt/connect/test_trial_requests.py"

ENGINE_TRIAL = "quoter/engine/placing/trial_order.py"
ENGINE_TRIAL_TESTS = "tests/unit/engine/placing/test_trial_order.py"

PAPER = "tests/integration/paper/test_paper"
STREAM = "quoter/venues/ccxt/private_stream.py"

PAPER_VENUES = (
    mutant(
        "socket_that_never_connects_is_awaited",
        "a websocket that ccxt only keeps a token in must answer before the stream counts as up",
        Edit(STREAM, "if client.connecting or client.connection is not None", "if True"),
        tests=(f"{PAPER}_streams.py::test_private_stream_reconnects_and_reports_later_fills",),
    ),
    mutant(
        "pending_order_without_a_filled_size",
        "Kraken's first row of an order, which names no filled size, can't be read",
        Edit(
            "quoter/venues/ccxt/kraken_executions.py",
            'completed.setdefault("cum_qty", 0)',
            "pass",
        ),
        tests=("tests/unit/venues/ccxt/test_kraken_executions.py",),
    ),
    mutant(
        "query_with_none_for_the_id",
        "a query by our id hands ccxt None, with which it can't say that the order is unknown",
        Edit(
            "quoter/venues/ccxt/order_cancellation.py",
            "return by.no_venue_id, {",
            "return None, {",
        ),
        tests=(f"{PAPER}_orders.py::test_order_that_never_arrived_is_unknown_then_not_found",),
    ),
)

STARTS = (
    mutant(
        "trial_order_named_by_our_record",
        "the trial order counts as found by what we remember of the answer to its create",
        Edit(
            ENGINE_TRIAL,
            "return order.reported_id == self._client_id",
            "return order.client_id == self._client_id",
        ),
        tests=(ENGINE_TRIAL_TESTS,),
    ),
    mutant(
        "trial_order_gone_by_an_older_list",
        "a list from before the end of the trial order proves that it is gone",
        Edit(ENGINE_TRIAL, " and event.asked_ns > self._since_ns:", ":"),
        tests=(ENGINE_TRIAL_TESTS,),
    ),
    mutant(
        "trial_order_without_stream",
        "the trial passes although the private stream did not report the order",
        Edit(ENGINE_TRIAL, "is_acknowledged and self._is_streamed and", "is_acknowledged and"),
        tests=(ENGINE_TRIAL_TESTS,),
    ),
    mutant(
        "quotes_after_a_failed_trial",
        "quotes follow a trial order that failed",
        Edit(
            ENGINE_TRIAL,
            "return self.stage is Stage.PASSED and",
            "return self.stage in (Stage.PASSED, Stage.FAILED) and",
        ),
        tests=(ENGINE_TRIAL_TESTS,),
    ),
    mutant(
        "trial_requests_leave",
        "the trial requests at connect are sent",
        Edit(
            "quoter/venues/ccxt/guarded_exchange.py",
            '            raise EgressBlocked("a trial request")\n',
            "",
        ),
        tests=(TRIAL_TESTS,),
    ),
    mutant(
        "list_of_orders_can_not_be_built",
        "a request whose body is a list (OKX's create) can't be built",
        Edit(
            "quoter/venues/ccxt/guarded_exchange.py",
            "params if isinstance(params, list) else dict(params)",
            "dict(params)",
        ),
        tests=(TRIAL_TESTS,),
    ),
    mutant(
        "trial_ignores_the_field",
        "the trial accepts a cancel that carries our id under any name",
        Edit(TRIAL, "found == [by.field] if client_id else len(found) == 1", "len(found) == 1"),
        tests=(TRIAL_TESTS,),
    ),
    mutant(
        "trial_of_creates_is_not_compared",
        "the trial does not compare the creates",
        Edit(TRIAL, "if text := check.difference(order, url, body):", "if False:"),
        tests=(TRIAL_TESTS,),
    ),
    mutant(
        "coins_requested_at_the_start",
        "a start asks a private endpoint for coins before anything else",
        Edit(
            "quoter/venues/ccxt/client.py",
            'client.has["fetchCurrencies"] = False',
            'client.has["fetchCurrencies"] = True',
        ),
        tests=("tests/unit/venues/ccxt/test_client.py",),
    ),
)

KRAKEN = "quoter/venues/ccxt/kraken_executions.py"
KRAKEN_TESTS = "tests/unit/venues/ccxt/test_kraken_executions.py"

PARTIAL_ROWS = (
    mutant(
        "partial_row_not_completed",
        "a cancel of Kraken without symbol and our id is dropped",
        Edit(KRAKEN, "{**self._orders_seen.pop(name, {}), **row}", "dict(row)"),
        tests=(KRAKEN_TESTS,),
    ),
    mutant(
        "mixed_executions_read_as_fills",
        "order rows in one message with fills are lost",
        Edit(KRAKEN, "        if orders:\n", "        if orders and not fills:\n"),
        tests=(KRAKEN_TESTS,),
    ),
    mutant(
        "old_fills_of_a_snapshot_booked",
        "the last fills of the account, sent at each connect, count as new",
        Edit(KRAKEN, ' and fields.get("type") != "snapshot"', ""),
        tests=(KRAKEN_TESTS,),
    ),
)

MUTANTS = (*PLAY_MONEY, *IDENTITY, *LISTS, *STOPS, *PAPER_VENUES, *STARTS, *PARTIAL_ROWS)
