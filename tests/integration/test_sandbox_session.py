"""Ed25519 keys, sessions of the websocket API, retired listen keys, and TLS."""

import base64
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlencode

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from quoter.cli.sandbox import tls_context, with_key
from quoter.domain.errors import BadSetting
from quoter.domain.units import NS_PER_MS
from quoter.sandbox.config import SandboxConfig
from quoter.sandbox.protocol import signing
from quoter.sandbox.server import SandboxServer
from tests.integration.sandbox_client import Row, RunningSandbox, UserSocket, running, user_socket
from tests.integration.test_venues_tls import certificate

MAKER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT_MAKER", "quantity": "0.001"}


@pytest.fixture
def private_key() -> Ed25519PrivateKey:
    """A new key."""
    return Ed25519PrivateKey.generate()


@pytest.fixture
def key_file(tmp_path: Path, private_key: Ed25519PrivateKey) -> Path:
    """The file of its public half."""
    file = tmp_path / "public.pem"
    file.write_bytes(
        private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return file


@pytest.fixture
async def keyed(still_config: SandboxConfig, key_file: Path) -> AsyncIterator[RunningSandbox]:
    """A still sandbox with one more account, that of the key."""
    async with running(with_key(still_config, key_file)) as sandbox:
        yield replace(sandbox, one=sandbox.server.venue.config.accounts[-1])


def signed(key: Ed25519PrivateKey, payload: str) -> str:
    """Return the signature as Binance documents it."""
    return base64.b64encode(key.sign(payload.encode())).decode()


async def log_on(user: UserSocket, key: Ed25519PrivateKey) -> Row:
    """Log the socket on."""
    params = {"apiKey": user.account.api_key, "timestamp": str(time.time_ns() // NS_PER_MS)}
    params["signature"] = signed(key, signing.socket_payload(params))
    return await user.ask("session.logon", params, signed=False)


async def ask(user: UserSocket, method: str, params: Mapping[str, str | int]) -> Row:
    """Send a request without key and signature: only a timestamp is added."""
    stamp = {"timestamp": time.time_ns() // NS_PER_MS}
    return await user.ask(method, {**params, **stamp}, signed=False)


async def test_rest_requests_are_signed_with_the_private_key(
    keyed: RunningSandbox, private_key: Ed25519PrivateKey
) -> None:
    payload = urlencode({"timestamp": time.time_ns() // NS_PER_MS})
    for key, status in ((private_key, 200), (Ed25519PrivateKey.generate(), 400)):
        query = f"{payload}&signature={quote(signed(key, payload), safe='')}"
        reply = await keyed.send("GET", "/api/v3/account", query, api_key=keyed.one.api_key)
        assert reply.status == status
    with_hmac = await keyed.signed("GET", "account")
    assert with_hmac.code == -1022


async def test_a_session_needs_no_more_signatures_and_carries_the_user_stream(
    keyed: RunningSandbox, private_key: Ed25519PrivateKey
) -> None:
    async with user_socket(keyed, subscribe=False) as user:
        before = await user.ask("userDataStream.subscribe", signed=False)
        assert before["status"] == 401
        session = (await log_on(user, private_key))["result"]
        assert isinstance(session, dict)
        assert session["apiKey"] == keyed.one.api_key
        assert isinstance(session["authorizedSince"], int)
        assert not session["userDataStream"]
        assert (await user.ask("userDataStream.subscribe", signed=False))["status"] == 200
        placed = await ask(user, "order.place", MAKER | {"price": "59990.00"})
        assert placed["status"] == 200
        assert (await user.event())["x"] == "NEW"
        assert (await user.ask("session.logout", signed=False))["status"] == 200
        after = await ask(user, "order.place", MAKER | {"price": "59980.00"})
        assert after["status"] == 401


async def test_a_session_does_not_lend_its_rights_to_another_key(
    keyed: RunningSandbox, private_key: Ed25519PrivateKey
) -> None:
    async with user_socket(keyed, subscribe=False) as user:
        await log_on(user, private_key)
        foreign = {"apiKey": keyed.two.api_key}
        refused = await ask(user, "account.status", foreign)
        assert refused["status"] == 400
        error = refused["error"]
        assert isinstance(error, dict)
        assert error["code"] == -1102


async def test_a_key_with_a_secret_cannot_log_on(still_sandbox: RunningSandbox) -> None:
    async with user_socket(still_sandbox, subscribe=False) as user:
        refused = await user.ask("session.logon")
        assert refused["error"] == {"code": -4056, "msg": "HMAC_SHA256 API key is not supported."}
        status = (await user.ask("session.status", signed=False))["result"]
        assert isinstance(status, dict)
        assert status["apiKey"] is None


async def test_listen_keys_are_gone(still_sandbox: RunningSandbox) -> None:
    headers = {"X-MBX-APIKEY": still_sandbox.one.api_key}
    for method in ("POST", "PUT", "DELETE"):
        url = f"{still_sandbox.url}/api/v3/userDataStream"
        async with still_sandbox.http.request(method, url, headers=headers) as answer:
            assert answer.status == 410
            assert answer.content_type == "text/html"
            assert "410 Gone" in await answer.text()
    async with user_socket(still_sandbox, subscribe=False) as user:
        key = {"apiKey": still_sandbox.one.api_key}
        refused = await user.ask("userDataStream.start", key, signed=False)
        assert refused["status"] == 400


async def test_the_exchange_is_served_over_tls(still_config: SandboxConfig, tmp_path: Path) -> None:
    pem = certificate(tmp_path, "127.0.0.1")
    server = SandboxServer(still_config)
    url = await server.start(tls=tls_context(pem))
    trusting = ssl.create_default_context(cafile=str(pem))
    trusting.check_hostname = False  # the name is that of the test's certificate
    try:
        assert url.startswith("https://127.0.0.1:")
        async with aiohttp.ClientSession() as http:
            async with http.get(f"{url}/api/v3/ping", ssl=trusting) as answer:
                assert answer.status == 200
            stream = f"{url.replace('https', 'wss')}/ws/btcusdt@ticker"
            async with http.ws_connect(stream, ssl=trusting) as socket:
                assert (await socket.receive_json())["e"] == "24hrTicker"
    finally:
        await server.stop()


def test_wrong_files_are_refused(still_config: SandboxConfig, tmp_path: Path) -> None:
    file = tmp_path / "text.pem"
    file.write_text("no key")
    with pytest.raises(BadSetting, match="--public-key"):
        with_key(still_config, file)
    with pytest.raises(BadSetting, match="--tls"):
        tls_context(file)
