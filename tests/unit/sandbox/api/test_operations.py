"""The document about the sandbox lists the operations that it has, and no others."""

import re

import pytest

from quoter.sandbox.api.operations import REST, SOCKET, WALLET
from quoter.sandbox.streams.channels import parse_stream
from tests.recordings import ROOT

PAGE = (ROOT / "deploy/docs/sandbox.md").read_text()
SESSION = {
    "session.logon",
    "session.status",
    "session.logout",
    "session.subscriptions",
    "userDataStream.subscribe",
    "userDataStream.subscribe.signature",
    "userDataStream.unsubscribe",
}


def listed(title: str, start: str) -> set[str]:
    """Return the words in backquotes of those paragraphs of a section that begin with `start`."""
    section = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    paragraphs = [text for text in section.split("\n\n") if text.strip().startswith(start)]
    return set(re.findall(r"`([^`]+)`", "\n".join(paragraphs)))


def test_rest_requests_are_listed() -> None:
    public = {path for (_, path), operation in REST.items() if not operation.signed}
    signed = {path for (_, path), operation in REST.items() if operation.signed}
    assert listed("REST", "Public:") == public
    assert listed("REST", "Account:") == signed
    assert listed("REST", "Wallet:") == {path for _, path in WALLET}


def test_websocket_requests_are_listed() -> None:
    words = listed("Websocket API", "`")
    assert words - {"session.logon"} == (SESSION | set(SOCKET)) - {"session.logon"}


@pytest.mark.parametrize(("start", "prefix"), [("Of one symbol", "btcusdt@"), ("Of all", "")])
def test_every_listed_stream_is_known(start: str, prefix: str) -> None:
    words = listed("Streams", start) - {"btcusdt@trade", "@100ms", "@1000ms"}
    assert len(words) > 4
    for word in words:
        assert parse_stream(prefix + word, ("BTCUSDT",)) is not None, word
