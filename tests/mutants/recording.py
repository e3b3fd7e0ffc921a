"""Bugs in recordings and their replay."""

from tests.mutants.mutant import Edit, mutant

BLOCKS = "quoter/recording/blocks.py"
RECORDER = "quoter/recording/recorder.py"
RUN_FILES = "quoter/recording/run_files.py"
REPLAY = "quoter/replay/replay.py"
BLOCK_TESTS = ("tests/unit/recording/test_blocks.py",)
RECORDER_TESTS = ("tests/unit/recording/test_recorder.py",)
REPLAY_TESTS = ("tests/unit/replay/test_replay.py",)

STATE = "quoter/recording/engine_state.py"
STATE_TESTS = ("tests/unit/recording/test_engine_state.py",)

MUTANTS = (
    mutant(
        "contents_of_a_block_have_no_limit",
        "a small recording takes all memory of the machine when it is read",
        Edit(
            BLOCKS,
            "data = unpack.decompress(body, DATA_BYTES_MAX)",
            "data = unpack.decompress(body)",
        ),
        tests=BLOCK_TESTS,
    ),
    mutant(
        "market_files_without_their_book",
        "a recorded market whose first file was removed has no book",
        Edit(
            "quoter/app/market_recorder.py",
            "            self._record(self._book.snapshot(event.ts_ns))\n",
            "",
        ),
        tests=("tests/unit/app/test_market_recorder.py",),
    ),
    mutant(
        "checkpoint_writes_shared_objects_twice",
        "after a checkpoint two components have an object each that was one of both",
        Edit(STATE, "        self._numbers[id(value)] = len(self._written)\n", ""),
        tests=STATE_TESTS,
    ),
    mutant(
        "checkpoint_replaces_components",
        "functions of the restored engine go on with the components of the fresh one",
        Edit(
            STATE,
            "found = present if is_component else object.__new__(kind)",
            "found = object.__new__(kind)",
        ),
        tests=STATE_TESTS,
    ),
    mutant(
        "checkpoint_creates_any_class",
        "a recording from elsewhere creates objects of any module",
        Edit(
            STATE,
            "if not module.startswith(PACKAGES) or module not in sys.modules:",
            "if module not in sys.modules:",
        ),
        tests=STATE_TESTS,
    ),
    mutant(
        "checkpoint_within_a_file",
        "a checkpoint does not begin a file, so that the rest of a run can't be used",
        Edit(RUN_FILES, "is_new = isinstance(records[0], Checkpoint)", "is_new = False"),
        tests=RECORDER_TESTS,
    ),
    mutant(
        "report_of_the_rest_counts_the_whole_run",
        "profit before the first file that is left is in the report twice",
        Edit(
            "quoter/report/run_report.py",
            "since_ns = max(period.since_ns or 0, removed_ns)",
            "since_ns = period.since_ns or 0",
        ),
        tests=("tests/unit/report/test_run_report.py",),
    ),
    mutant(
        "recording_head_unchecked",
        "a changed bit in the head of a block looks like the end that a crash leaves",
        Edit(
            BLOCKS,
            "    if CHECKSUM.unpack_from(head, HEAD.size)[0] != zlib.crc32(head[: HEAD.size]):\n",
            "    if False:\n",
        ),
        tests=BLOCK_TESTS,
    ),
    mutant(
        "recording_block_may_be_missing",
        "a block that was cut out of a recording is not noticed",
        Edit(BLOCKS, "    if found != number:\n", "    if found < number:\n"),
        tests=BLOCK_TESTS,
    ),
    mutant(
        "recording_cut_in_the_middle",
        "a file that ends early is accepted although more files follow",
        Edit(
            "quoter/recording/reader.py",
            "may_be_cut = path is self._files[-1]",
            "may_be_cut = True",
        ),
        tests=("tests/unit/recording/test_reader.py",),
    ),
    mutant(
        "recording_waits_for_the_disk",
        "a slow disk holds up the engine",
        Edit(RECORDER, "self._waiting.put_nowait(batch)", "self._waiting.put(batch)"),
        tests=RECORDER_TESTS,
    ),
    mutant(
        "recording_unbounded",
        "the files of recordings are never removed",
        Edit(RUN_FILES, "            remove_oldest(", "            (lambda *_: None)("),
        tests=RECORDER_TESTS,
    ),
    mutant(
        "secret_in_a_recording",
        "a secret in the text of a venue's error is written to disk",
        Edit(RUN_FILES, "self._secrets.removed(encode(records))", "encode(records)"),
        tests=RECORDER_TESTS,
    ),
    mutant(
        "events_recorded_after_they_are_handled",
        "the event that the engine failed on is missing in the recording",
        Edit(
            "quoter/service/runner.py",
            "self._recorder.event(event)\n            step = self.engine.handle(event)\n",
            "step = self.engine.handle(event)\n            self._recorder.event(event)\n",
        ),
        tests=("tests/unit/app/test_recording.py",),
    ),
    mutant(
        "replay_ignores_missing_commands",
        "a command that the replay decides, but the run did not, is no difference",
        Edit(
            REPLAY,
            "                difference = self._compare(None)\n                if difference",
            "                self._due = None\n                if difference",
        ),
        tests=REPLAY_TESTS,
    ),
    mutant(
        "replay_ignores_the_configuration",
        "a replay uses another configuration than the run",
        Edit(
            REPLAY,
            "    return header.config\n",
            "    from dataclasses import replace\n\n"
            "    return replace(header.config, creates_per_s=0.1)\n",
        ),
        tests=REPLAY_TESTS,
    ),
    mutant(
        "what_if_follows_the_changed_parameter",
        "a live parameter that the run changed replaces the value that the question is about",
        Edit(
            "quoter/replay/what_if.py",
            "params = replace(event.params, **self._changed_params)",
            "params = event.params",
        ),
        tests=("tests/unit/replay/test_what_if.py",),
    ),
    mutant(
        "what_if_learns_from_idle_updates",
        "the estimates beside a replay take book updates that the engine's do not",
        Edit(
            "quoter/replay/what_if.py",
            "                    return False\n",
            "                    pass\n",
        ),
        tests=("tests/unit/replay/test_what_if.py",),
    ),
    mutant(
        "what_if_takes_refused_changes",
        "a change of live parameters that the run refused is made beside its replay",
        Edit(
            "quoter/replay/what_if.py",
            "            case LiveParamsChanged() if isinstance(step.outcome, Done):\n",
            "            case LiveParamsChanged():\n",
        ),
        tests=("tests/unit/replay/test_what_if.py",),
    ),
    mutant(
        "what_if_hides_refused_changes",
        "a change of the run that does not fit the other settings is left out without a word",
        Edit("quoter/replay/what_if.py", "            self.refused.append(str(error))\n", ""),
        tests=("tests/unit/replay/test_what_if.py",),
    ),
    mutant(
        "recorded_market_without_a_new_book",
        "a recorder of a market goes on with a book that has a gap",
        Edit("quoter/app/market_recorder.py", "            self._feed.resync()\n", ""),
        tests=("tests/unit/app/test_market_recorder.py",),
    ),
)
