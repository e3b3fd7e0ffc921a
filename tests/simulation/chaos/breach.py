"""The error that a broken rule raises."""


class Breach(AssertionError):
    """An invariant (deploy/docs/reliability.md) does not hold; `rule` is its id."""

    def __init__(self, rule: str, text: str) -> None:
        super().__init__(f"{rule}: {text}")
        self.rule = rule
