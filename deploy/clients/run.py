"""The sandbox against programs that other people wrote for Binance: `python -m deploy.clients.run`.

Installs each client, in its newest version, into an environment outside the repository, starts a
sandbox for it, and lets it connect, subscribe, place, fill and cancel an order and read balances.
Prints a table with the versions; the exit code is 1 if any step fails. Needs the package
registries and openssl, for one client also node and npm. Not part of `.ci/run`.

CLIENTS_FOLDER keeps the environments between runs (default: a temporary folder, removed). Names of
clients as arguments run only those.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from deploy.clients.programs.report import STEPS
from deploy.e2e.shell import StepError, kept_or_temporary, run, say
from quoter.sandbox.config import DEMO_ACCOUNT, key_account

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "programs"
QUOTER = Path(sys.executable).with_name("quoter")
PROGRAM_S_MAX = 240.0
STOP_S_MAX = 10.0
PUBLIC_ONLY = ("start", "subscribe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One client: its package, our program for it, and what it can do."""

    name: str
    package: str
    program: str
    steps: tuple[str, ...] = STEPS
    needs_tls: bool = False

    @property
    def is_node(self) -> bool:
        """Whether it runs under node."""
        return self.program.endswith(".mjs")


CLIENTS = (
    Client(name="NautilusTrader", package="nautilus_trader", program="nautilus.py"),
    Client(name="freqtrade", package="freqtrade", program="freqtrade_bot.py"),
    Client(name="python-binance", package="python-binance", program="python_binance.py"),
    Client(name="ccxt (Python)", package="ccxt", program="ccxt_python.py"),
    Client(name="ccxt (JavaScript)", package="ccxt", program="ccxt_node.mjs"),
    Client(  # market data only; it refuses addresses without TLS
        name="cryptofeed",
        package="cryptofeed",
        program="cryptofeed_reader.py",
        steps=PUBLIC_ONLY,
        needs_tls=True,
    ),
)


@dataclass(slots=True)
class Row:
    """What one client did."""

    client: Client
    version: str
    failures: list[str] = field(default_factory=list)
    verdicts: dict[str, bool] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether every step that the client has was reported as done."""
        return all(self.verdicts.get(step, False) for step in self.client.steps)


def main() -> int:
    """Run the chosen clients; return 0 if every step holds, else 1."""
    chosen = [each for each in CLIENTS if not sys.argv[1:] or each.name in sys.argv[1:]]
    rows: list[Row] = []
    with kept_or_temporary("CLIENTS_FOLDER") as folder:
        secrets = _secrets(folder)
        for client in chosen:
            row = Row(client, "")
            rows.append(row)
            try:
                home = _installed(client, folder)
                row.version = _version(client, home)
                _drive(row, home, secrets)
            except (StepError, subprocess.TimeoutExpired) as error:
                row.failures.append(str(error))
            say(f"{client.name} {row.version}: {'ok' if row.holds else 'FAIL'}")
            for failure in row.failures:
                say(f"    {failure}")
    say(table(rows))
    return 0 if rows and all(row.holds for row in rows) else 1


def table(rows: list[Row]) -> str:
    """Return one aligned line per client."""
    lines = [["client", "version", *STEPS]]
    for row in rows:
        cells = [_cell(row, step) for step in STEPS]
        lines.append([row.client.name, row.version or "not installed", *cells])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    padded = ("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
    return "\n".join(["", *padded, ""])


def _cell(row: Row, step: str) -> str:
    if step not in row.client.steps:
        return "-"
    return "ok" if row.verdicts.get(step) else "FAIL"


def _secrets(folder: Path) -> Path:
    """Make an Ed25519 key pair and a certificate for 127.0.0.1; return their folder."""
    secrets = folder / "secrets"
    secrets.mkdir(mode=0o700, exist_ok=True)
    key, public = str(secrets / "key.pem"), str(secrets / "public.pem")
    run("openssl", "genpkey", "-algorithm", "ed25519", "-out", key)
    run("openssl", "pkey", "-in", key, "-pubout", "-out", public)
    certificate, private = secrets / "certificate.pem", secrets / "private.pem"
    run(
        *("openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
        *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *("-addext", "subjectAltName=IP:127.0.0.1"),
        *("-keyout", str(private), "-out", str(certificate)),
    )
    (secrets / "tls.pem").write_text(certificate.read_text() + private.read_text())
    return secrets


def _installed(client: Client, folder: Path) -> Path:
    """Install the client; return its folder."""
    home = folder / client.program.partition(".")[0]
    if client.is_node:
        home.mkdir(exist_ok=True)
        run("npm", "install", "--silent", "--prefix", str(home), client.package)
        return home
    if not (home / "bin" / "python").exists():
        run(sys.executable, "-m", "venv", str(home))
    run(str(home / "bin" / "pip"), "install", "--quiet", "--upgrade", client.package)
    return home


def _version(client: Client, home: Path) -> str:
    if client.is_node:
        manifest = home / "node_modules" / client.package / "package.json"
        return str(json.loads(manifest.read_text())["version"])
    code = "import sys, importlib.metadata as m; print(m.version(sys.argv[1]))"
    return run(str(home / "bin" / "python"), "-c", code, client.package).strip()


def _drive(row: Row, home: Path, secrets: Path) -> None:
    """Start a sandbox and run the client's program against it."""
    client = row.client
    with tempfile.TemporaryDirectory() as work, _sandbox(secrets, tls=client.needs_tls) as url:
        program = PROGRAMS / client.program
        command = [str(home / "bin" / "python"), str(program)]
        if client.is_node:  # it finds its packages beside itself
            command = ["node", str(shutil.copy(program, home))]
        command += ["--url", url, "--api-key", DEMO_ACCOUNT.api_key]
        command += ["--secret", DEMO_ACCOUNT.secret, "--ed25519-key", key_account("").api_key]
        command += ["--private-key", str(secrets / "key.pem"), "--folder", work]
        done = subprocess.run(  # noqa: S603 - our own programs
            command,
            capture_output=True,
            text=True,
            timeout=PROGRAM_S_MAX,
            check=False,
            env=_environment(secrets),
            cwd=work,  # some clients write logs where they are started
        )
    for line in done.stdout.splitlines():
        with suppress(ValueError, KeyError, TypeError):
            said = json.loads(line)
            row.verdicts[said["step"]] = said["holds"]
            if not said["holds"]:
                row.failures.append(f"{said['step']}: {said['seen']}")
    if not row.holds and not row.failures:
        row.failures.append(f"it ended with {done.returncode}: {done.stderr[-1_000:]}")


def _environment(secrets: Path) -> dict[str, str]:
    """Return the variables of a program: without proxies, trusting our certificate only."""
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return kept | {"SSL_CERT_FILE": str(secrets / "certificate.pem")}


@contextmanager
def _sandbox(secrets: Path, *, tls: bool) -> Iterator[str]:
    """Run a sandbox on a free port; yield its URL."""
    command = [str(QUOTER), "sandbox", "--port", "0", "--public-key", str(secrets / "public.pem")]
    if tls:
        command += ["--tls", str(secrets / "tls.pem")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)  # noqa: S603 - our own program
    try:
        line = process.stdout.readline() if process.stdout is not None else ""
        if not line:
            raise StepError(f"the sandbox did not start (exit {process.wait()})")
        yield str(json.loads(line)["sandbox_url"])
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()


if __name__ == "__main__":
    sys.exit(main())
