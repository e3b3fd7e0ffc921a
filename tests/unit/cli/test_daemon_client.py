"""One HTTP request: bounded in time and size, with harmless text."""

import asyncio
import socket
import time

import pytest

from quoter.cli.daemon_client import NoAnswer, Reply, call
from quoter.domain.errors import BadSetting
from quoter.service.http.protocol import SERVER
from quoter.service.http.server import HEADERS
from tests.unit.cli.other_programs import Answering, drip, hang_up, http, nothing, other_program

LOOPBACK = "127.0.0.1"
LIMIT_S = 20.0  # on a busy machine


async def get(answer: bytes | Answering, seconds: float = LIMIT_S) -> Reply:
    async with other_program(answer) as port:
        return await asyncio.to_thread(call, (LOOPBACK, port), "GET", "/state", seconds=seconds)


def test_a_quoter_daemon_is_recognised_by_its_server_header() -> None:
    assert HEADERS["Server"] == SERVER


async def test_a_json_object_is_returned_with_status_and_server() -> None:
    assert await get(http({"a": 1})) == Reply(200, is_quoter=False, body={"a": 1})
    refused = await get(http({"error": "no"}, "409 Conflict", server=SERVER))
    assert refused == Reply(409, is_quoter=True, body={"error": "no"})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>It works!</html>",
        b'{"result": "do',
        b"[1, 2]",
        b"null",
        b"\xff\xfe\xfd",
        b"9" * 5_000,
        b"[" * 100_000,
        b'{"a":' * 2_000 + b"1" + b"}" * 2_000,
        b'{"a": "' + b"x" * 2_000_000 + b'"}',
    ],
    ids=["empty", "html", "cut", "list", "null", "bytes", "digits", "deep", "deep-object", "long"],
)
async def test_a_body_that_is_not_a_json_object_is_empty(body: bytes) -> None:
    assert await get(http(body)) == Reply(200, is_quoter=False, body={})


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
        b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 5_000 + b"\r\n",
    ],
    ids=["ssh", "status", "cut-chunk", "headers"],
)
async def test_an_incomplete_http_response_has_status_zero(raw: bytes) -> None:
    assert await get(raw) == Reply(0, is_quoter=False, body={})


async def test_control_characters_are_removed() -> None:
    hostile = {"a\x1b[2J": ["\x1b]0;mine\x07", {"b": "line\none\u202e"}], "n": 1.5, "t": True}
    reply = await get(http(hostile))
    assert reply.body == {"a?[2J": ["?]0;mine?", {"b": "line?one?"}], "n": 1.5, "t": True}


@pytest.mark.parametrize("answer", [drip, nothing])
async def test_the_time_limit_is_for_the_whole_request(answer: Answering) -> None:
    start_s = time.monotonic()
    with pytest.raises(NoAnswer, match=r"timeout after 0\.5 s") as caught:
        await get(answer, seconds=0.5)
    assert caught.value.is_sent
    assert time.monotonic() - start_s < LIMIT_S


async def test_without_a_response_the_request_counts_as_sent() -> None:
    with pytest.raises(NoAnswer) as caught:
        await get(hang_up)
    assert caught.value.is_sent


def test_a_refused_connection_counts_as_not_sent() -> None:
    with socket.socket() as unused:
        unused.bind((LOOPBACK, 0))
        with pytest.raises(NoAnswer, match="refused") as caught:
            call(unused.getsockname(), "GET", "/state", seconds=LIMIT_S)
    assert not caught.value.is_sent


@pytest.mark.parametrize("host", ["a b", "x" * 80, "a..b", "\x1b[2J", "\udcff"])
def test_an_invalid_host_is_reported(host: str) -> None:
    with pytest.raises(BadSetting, match="QUOTER_HOST: is not a valid host name") as caught:
        call((host, 9464), "GET", "/state", seconds=LIMIT_S)
    assert str(caught.value).isprintable()
