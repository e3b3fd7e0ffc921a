"""What must never be."""


class Breach(AssertionError):
    """An invariant of reliability.md section 6 does not hold; `rule` names it."""

    def __init__(self, rule: str, text: str) -> None:
        super().__init__(f"{rule}: {text}")
        self.rule = rule
