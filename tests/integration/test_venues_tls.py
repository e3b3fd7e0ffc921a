"""A server without a valid certificate gets no byte of a signed request (SE-08)."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from quoter.venues.answers import anything
from quoter.venues.ccxt.client import make_client
from quoter.venues.ccxt.connect.key_permissions import SOURCES
from quoter.venues.ccxt.request_sender import FailedCall, RequestSender
from quoter.venues.config import VenueConfig
from quoter.venues.egress.gate import Purpose, declare_call, tls_context


@dataclass
class Listener:
    """Recorder of what a TLS server receives after the handshake."""

    context: ssl.SSLContext
    port: int = 0
    received: bytes = b""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.received += await reader.read(65_536)
        finally:
            writer.close()


@asynccontextmanager
async def listening(context: ssl.SSLContext) -> AsyncIterator[Listener]:
    listener = Listener(context)
    server = await asyncio.start_server(listener.handle, "127.0.0.1", 0, ssl=context)
    listener.port = server.sockets[0].getsockname()[1]
    async with server:
        yield listener


def certificate(folder: Path, name: str) -> Path:
    """Return a self-signed certificate for the host, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return path


def serving(pem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """Clear the cached context, which reads the trusted certificates once."""
    tls_context.cache_clear()
    yield
    tls_context.cache_clear()


async def ask(listener: Listener) -> bool:
    """Send a signed request by REST and by websocket; return whether REST got an HTTP answer."""
    config = VenueConfig(
        exchange="binance",
        symbol="BTC/USDT",
        environment="sandbox",
        order_prefix="q1",
        sandbox_url=f"https://localhost:{listener.port}",
        api_key="key",
        secret="secret",  # noqa: S106 - opens nothing
        call_s_max=60.0,
    )
    client = make_client(config, time.time_ns)
    try:
        signed = getattr(client, SOURCES["binance"].method)  # ccxt sends no other request before it
        answer = await RequestSender(client, config, time.time_ns).read(signed, anything)
        with declare_call(Purpose.READ), pytest.raises(Exception):  # noqa: B017, PT011 - nobody answers
            async with asyncio.timeout(3.0):
                await client.authenticate({"type": "spot"})
    finally:
        await client.close()
    assert isinstance(answer, FailedCall)
    return answer.was_sent


async def test_self_signed_certificate_is_refused(tmp_path: Path) -> None:
    async with listening(serving(certificate(tmp_path, "localhost"))) as listener:
        assert not await ask(listener)
    assert listener.received == b""


async def test_certificate_for_another_host_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = certificate(tmp_path, "api.binance.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    async with listening(serving(pem)) as listener:
        assert not await ask(listener)
    assert listener.received == b""


async def test_right_certificate_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control for the tests above."""
    pem = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    async with listening(serving(pem)) as listener:
        assert await ask(listener)
    assert b"signature=" in listener.received


def test_old_tls_versions_are_refused() -> None:
    context = tls_context()
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
