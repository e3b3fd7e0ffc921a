"""Errors carry their facts."""

from quoter.domain.errors import IllegalTransition, InvalidInput, VenueError, VenueRateLimited


def test_errors_keep_their_facts_beside_the_text() -> None:
    bad = InvalidInput("sigma", -1.0)
    assert (bad.name, bad.value, str(bad)) == ("sigma", -1.0, "sigma is -1, outside its range")
    illegal = IllegalTransition(client_id="q1", state="FILLED", event="ack")
    assert (illegal.client_id, illegal.state, illegal.event) == ("q1", "FILLED", "ack")
    assert str(illegal) == "order q1: update ack is not possible in state FILLED"


def test_rate_limit_is_a_venue_error_with_its_pause() -> None:
    limited = VenueRateLimited("429", retry_s=2.5)
    assert isinstance(limited, VenueError)
    assert limited.retry_s == 2.5
