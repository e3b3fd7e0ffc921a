"""Compute the settings summary of a run, and log it."""

import structlog

from quoter.app.limit_checks import blocking_limits, setting_warnings
from quoter.domain.errors import InvalidInput
from quoter.domain.events import LiveParamsChanged
from quoter.domain.quotes import QuoteTerms
from quoter.domain.step import Step
from quoter.engine.engine import Engine
from quoter.pricing.quote.explain import Row
from quoter.pricing.quote.settings_summary import settings_summary, summary_rows, warnings

log = structlog.get_logger()

DIGITS = 8  # significant digits


def summarise(engine: Engine, terms: QuoteTerms) -> tuple[tuple[Row, ...], tuple[str, ...]] | None:
    """Return rows and warnings of the settings summary; None while gamma has no references.

    `terms`: a quote of this engine, for fair value, horizon and the exact model's table. Raises
    InvalidInput for settings that have no summary.
    """
    references = engine.calibration.references
    if references is None:
        return None
    try:
        meant = settings_summary(
            gamma=engine.calibration.gamma_lot,
            lots_max=engine.config.lots_max,
            references=references,
            fair=terms.inputs.fair,
            tau_s=terms.inputs.tau_s,
            bounded=terms.inputs.bounded,
        )
        rows = summary_rows(meant, order_size=float(engine.config.order_size))
    except ArithmeticError as error:  # happens with a raw gamma close to zero
        raise InvalidInput("gamma_lot", engine.calibration.gamma_lot) from error
    return rows, warnings(meant)


class SettingsSummaryLog:
    """Logs the settings summary with the first quote, and again when its inputs change.

    The inputs are the live parameters and the references of gamma, until these are fixed.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._is_logged = False
        self._has_fixed_references = True

    def observe(self, step: Step) -> None:
        """Log the summary if it is due: one line per row and per warning."""
        is_fixed = self._engine.calibration.has_fixed_references
        if isinstance(step.event, LiveParamsChanged) or (
            is_fixed and not self._has_fixed_references
        ):
            self._is_logged = False
        self._has_fixed_references = is_fixed
        if self._is_logged or step.quote is None or step.quote.terms is None:
            return
        try:
            found = summarise(self._engine, step.quote.terms)
        except InvalidInput as error:  # the quote is valid: only its summary is missing
            self._is_logged = True
            log.warning("settings_summary_unavailable", reason=str(error))
            return
        if found is None:
            return
        self._is_logged = True
        rows, lines = found
        terms = step.quote.terms
        lines += (
            *blocking_limits(self._engine, terms.inputs.fair),
            *setting_warnings(self._engine, terms),
        )
        for row in rows:
            log.info(
                "settings_summary",
                name=row.name,
                value=_short(row.value),
                bps=None if row.bps is None else _short(row.bps),
                sentence=row.sentence,
            )
        for line in lines:
            log.warning("settings_warning", reason=line)


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
