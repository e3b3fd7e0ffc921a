"""Bugs in what leaves this machine, what an answer proves, and what stops us."""

from tests.mutants.mutant import Edit, mutant

VENUES = "tests/unit/venues"
GATEWAY = "tests/integration/test_venues_gateway.py"
TRANSPORT, OUTCOMES = "quoter/venues/egress/gate.py", "quoter/venues/ccxt/error_mapping.py"
LIMITER, BOOK = "quoter/venues/egress/rate_limiter.py", "quoter/state/book.py"
LATCH, OUTBOX = "quoter/service/killswitch/latch.py", "quoter/service/outbox.py"

WIRE = (
    mutant(
        "create_retried",
        "a create is sent again when its connection breaks",
        Edit(
            "quoter/venues/ccxt/calls.py",
            "                    return await call()\n",
            "                    try:\n"
            "                        return await call()\n"
            "                    except Exception:\n"
            "                        return await call()\n",
        ),
        Edit(TRANSPORT, "        if call.create_sent:\n", "        if False:\n"),
        tests=(f"{GATEWAY}::test_nothing_is_sent_twice_on_a_dead_connection",),
    ),
    mutant(
        "sent_twice_by_the_gate",
        "a redirect or a retry below us may write a create again",
        Edit(TRANSPORT, "        if call.create_sent:\n", "        if False:\n"),
        tests=("tests/unit/venues/egress/test_gate.py",),
    ),
    mutant(
        "aiohttp_repeats",
        "aiohttp may repeat what it holds for idempotent",
        Edit(
            TRANSPORT,
            "    session._retry_connection = False  # noqa: SLF001 - there is no public switch\n",
            "",
        ),
        tests=("tests/unit/venues/egress/test_gate.py",),
    ),
    mutant(
        "retries_not_asserted",
        "a retry that somebody set for one method is not noticed at the start",
        Edit(
            "quoter/venues/ccxt/client.py",
            "if any(retries) or proxies or",
            "if proxies or",
        ),
        tests=("tests/unit/venues/ccxt/test_client.py",),
    ),
    mutant(
        "kill_gate_before_the_queue",
        "the gate is asked when ccxt hands over, not when the bytes leave",
        Edit(
            TRANSPORT,
            "            self.check_create(call)\n            call.create_sent = True\n",
            "            call.create_sent = True\n",
        ),
        tests=("tests/unit/venues/egress/test_gate.py", GATEWAY),
    ),
    mutant(
        "kill_gate_open",
        "a shut gate lets creates out",
        Edit(TRANSPORT, "        if not self.is_open:\n", "        if False:\n"),
        tests=("tests/unit/venues/egress/test_gate.py",),
    ),
    mutant(
        "kill_leaves_the_queue",
        "creates that wait in the outbox survive a kill",
        Edit(OUTBOX, "        while self._creates.queue:\n", "        while False:\n"),
        tests=("tests/unit/service/test_outbox.py",),
    ),
    mutant(
        "old_decision_sent",
        "a create leaves however long ago it was decided",
        Edit(
            TRANSPORT,
            "        if not age_ns <= self._age_ns_max:\n",
            "        if False:\n",
        ),
        tests=("tests/unit/venues/egress/test_gate.py",),
    ),
    mutant(
        "silence_before_the_queue",
        "what was admitted before a 429 is sent into the silence",
        Edit(
            TRANSPORT,
            "        if text := self._hushed(call.purpose):",
            '        if text := "":',
        ),
        tests=("tests/unit/venues/egress/test_gate.py",),
    ),
    mutant(
        "questions_take_the_cancels_share",
        "a burst of questions leaves no weight for cancels",
        Edit(LIMITER, "keep = 0.0 if is_cancel else CANCELS_SHARE", "keep = 0.0"),
        tests=("tests/unit/venues/egress/test_rate_limiter.py",),
    ),
    mutant(
        "cancels_into_a_ban",
        "a ban does not silence cancels",
        Edit(LIMITER, "(is_cancel and not self._silence.is_ban)", "is_cancel"),
        tests=("tests/unit/venues/egress/test_rate_limiter.py",),
    ),
    mutant(
        "duplicate_id_after_a_restart",
        "every run numbers its orders from the same prefix",
        Edit(
            "quoter/app/settings_to_config.py",
            "base36(start_ns // NS_PER_MS)",
            "base36(0)",
        ),
        tests=("tests/unit/app/test_settings_to_config.py",),
    ),
)

ANSWERS = (
    mutant(
        "timeout_is_a_refusal",
        "what is not listed proves that there is no order",
        Edit(
            OUTCOMES,
            "    meaning = _MEANINGS.get(type(error), UNKNOWN)\n",
            "    meaning = _MEANINGS.get(type(error), _reject(RejectReason.OTHER))\n",
        ),
        tests=("tests/unit/venues/ccxt/test_error_mapping.py",),
    ),
    mutant(
        "server_errors_believed",
        "a code in the body of a 5xx counts as a refusal",
        Edit(
            OUTCOMES,
            "    if status in SERVER_ERRORS:\n        return UNKNOWN\n",
            "",
        ),
        tests=("tests/unit/venues/ccxt/test_error_mapping.py",),
    ),
    mutant(
        "duplicate_is_a_refusal",
        "an id that is taken proves that there is no order",
        Edit(
            OUTCOMES,
            '        (re.compile(r"(?i)duplicate order sent"), UNKNOWN),  # it exists\n',
            "",
        ),
        tests=("tests/unit/venues/ccxt/test_error_mapping.py",),
    ),
)

MARKET = (
    mutant(
        "stale_snapshot_accepted",
        "a snapshot from before the first diff starts the book",
        Edit(
            "quoter/venues/binance/depth_sync.py",
            "        if self._buffer and snapshot.last < self._buffer[0].first - 1:\n",
            "        if False:\n",
        ),
        tests=("tests/unit/venues/binance/test_depth_sync.py",),
    ),
    mutant(
        "gap_ignored",
        "a delta that does not follow is applied all the same",
        Edit(BOOK, "        if delta.prev != self.last:\n", "        if False:\n"),
        tests=("tests/unit/state/test_book.py",),
    ),
    mutant(
        "gap_hidden_by_the_sync",
        "the sync numbers a diff as if it followed",
        Edit(
            "quoter/venues/binance/depth_sync.py",
            "        if diff.first > self._local + 1:\n            self.gaps += 1\n",
            "        if False:\n            self.gaps += 1\n",
        ),
        tests=("tests/unit/venues/binance/test_depth_sync.py",),
    ),
    mutant(
        "crossed_book_accepted",
        "a bid above the ask is a book",
        Edit(BOOK, "        if bids[-1] >= -asks[-1]:\n", "        if False:\n"),
        tests=("tests/unit/state/test_book.py",),
    ),
)

STOPS = (
    mutant(
        "latch_not_synced",
        "a kill is in the file system's cache only",
        Edit(LATCH, "            os.fsync(file.fileno())\n", ""),
        tests=("tests/unit/service/killswitch/test_latch.py",),
    ),
    mutant(
        "latch_folder_not_synced",
        "the latch is on the disk, its name is not",
        Edit(
            LATCH,
            "        part.replace(self._path)\n        sync_folder(self._folder)\n",
            "        part.replace(self._path)\n",
        ),
        tests=("tests/unit/service/killswitch/test_latch.py",),
    ),
    mutant(
        "unreadable_latch_is_none",
        "a latch that can't be read means that nobody was killed",
        Edit(
            LATCH,
            "        except FileNotFoundError:\n            return None\n",
            "        except (OSError, ValueError, KeyError, TypeError, OverflowError):\n"
            "            return None\n",
        ),
        tests=("tests/unit/service/killswitch/test_latch.py",),
    ),
    mutant(
        "kill_lost_to_resume",
        "an operator's resume lifts a kill",
        Edit(
            "quoter/risk/kill_switch.py",
            "lambda severity: severity.state is not TradingState.KILLED",
            "lambda _: True",
        ),
        tests=("tests/unit/risk/test_kill_switch.py",),
    ),
)

MUTANTS = (*WIRE, *ANSWERS, *MARKET, *STOPS)
