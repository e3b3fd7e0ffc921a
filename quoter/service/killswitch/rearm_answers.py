"""What a running daemon says to a re-arm by file."""

from pathlib import Path

import structlog

from quoter.service.killswitch.rearm_files import RearmAnswer

log = structlog.get_logger()


class RearmAnswers:
    """Writes an answer when it differs from the last, and logs the final one."""

    def __init__(self, folder: Path | None) -> None:
        """`folder` is None in a dry run, where nobody can ask."""
        self._folder = folder
        self._last: RearmAnswer | None = None

    def begin(self) -> None:
        """Another request has been taken up."""
        self._last = None

    def not_yet(self, kill_id: str, text: str) -> None:
        """The engine's word; it is asked again."""
        self._write(RearmAnswer(kill_id, text, is_final=False))

    def give_up(self, kill_id: str, text: str) -> None:
        """The end of this request, with what spoke against it last."""
        if self._last is not None:
            text = f"{text}: {self._last.text}"
        log.warning("rearm_abandoned", kill_id=kill_id, reason=text)
        self._write(RearmAnswer(kill_id, text, is_final=True))

    def _write(self, answer: RearmAnswer) -> None:
        if self._folder is None or answer == self._last:
            return
        self._last = answer
        try:
            answer.write(self._folder)
        except OSError as error:
            log.warning("rearm_answer_not_written", error=str(error))
