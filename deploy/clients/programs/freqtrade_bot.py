"""freqtrade: a live bot (`freqtrade trade`) whose orders are read through its own REST API."""

import base64
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from report import STEPS, Target, report, target

BOT_S = 120.0
PASSWORD = "sandbox"  # noqa: S105 - of an API on loopback that lives for two minutes
USER = "sandbox"
STRATEGY = "SandboxSteps"
TIMED_OUT = "cancelled due to timeout"  # the bot deletes such an order from its database
SPOT_ONLY = {"fetchMarkets": {"types": ["spot"]}, "fetchMargins": False}

type Json = dict[str, object]


def config_of(at: Target, port: int) -> Json:
    """Return the bot's configuration."""
    rest = f"{at.url}/api/v3"
    stream = f"{at.ws}/stream/ws"
    sockets = {"spot": stream, "margin": stream, "ws-api": {"spot": f"{at.ws}/ws-api/v3"}}
    api = {"public": rest, "private": rest, "sapi": f"{at.url}/sapi/v1", "ws": sockets}
    return {
        "dry_run": False,
        "stake_currency": "USDT",
        "stake_amount": 100,
        "max_open_trades": 2,
        "trading_mode": "spot",
        "timeframe": "1m",
        "cancel_open_orders_on_exit": True,
        "unfilledtimeout": {"entry": 5, "exit": 30, "unit": "seconds"},
        "entry_pricing": {"price_side": "other", "use_order_book": True, "order_book_top": 1},
        "exit_pricing": {"price_side": "other", "use_order_book": True, "order_book_top": 1},
        "exchange": {
            "name": "binance",
            "key": at.api_key,
            "secret": at.secret,
            "pair_whitelist": ["BTC/USDT", "XRP/USDT"],
            "ccxt_config": {"urls": {"api": api}, "options": SPOT_ONLY},
            "enable_ws": True,
        },
        "pairlists": [{"method": "StaticPairList"}],
        "internals": {"process_throttle_secs": 1},
        "api_server": {
            "enabled": True,
            "listen_ip_address": "127.0.0.1",
            "listen_port": port,
            "username": USER,
            "password": PASSWORD,
            "jwt_secret_key": "sandbox-sandbox-sandbox-sandbox-sandbox",
            "ws_token": "sandbox-sandbox-sandbox-sandbox",
        },
        "bot_name": "sandbox",
        "initial_state": "running",
        "user_data_dir": str(at.folder / "freqtrade"),
        "db_url": f"sqlite:///{at.folder / 'freqtrade.sqlite'}",
    }


def free_port() -> int:
    """Return a free port on loopback."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def ask(port: int, path: str) -> Json:
    """Ask the bot's REST API."""
    token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1/{path}", headers={"Authorization": f"Basic {token}"}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - loopback
        body: Json = json.load(answer)
    return body


def orders_of(at: Target) -> list[Json]:
    """Return the orders in the bot's database."""
    code = (
        "import json,sqlite3,sys;"
        "rows=sqlite3.connect(sys.argv[1]).execute("
        "'select ft_pair,ft_order_side,status,filled,order_id from orders').fetchall();"
        "print(json.dumps([dict(zip(('pair','side','status','filled','id'),r)) for r in rows]))"
    )
    file = at.folder / "freqtrade.sqlite"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=False
    )
    rows: list[Json] = json.loads(done.stdout) if done.returncode == 0 else []
    return rows


def main() -> None:
    """Run the bot until every step has happened."""
    at, port = target(), free_port()
    config = at.folder / "freqtrade.json"
    config.write_text(json.dumps(config_of(at, port)))
    (at.folder / "freqtrade").mkdir(exist_ok=True)
    log = at.folder / "freqtrade.log"
    command = [
        str(Path(sys.executable).with_name("freqtrade")),
        "trade",
        "--config",
        str(config),
        "--strategy",
        STRATEGY,
        "--strategy-path",
        str(Path(__file__).parent / "freqtrade_strategy"),
    ]
    outcome: dict[str, str] = {}
    with log.open("w") as lines:
        bot = subprocess.Popen(command, stdout=lines, stderr=lines)  # noqa: S603 - its program
        try:
            until = time.monotonic() + BOT_S
            while len(outcome) < len(STEPS) and time.monotonic() < until and bot.poll() is None:
                time.sleep(1)
                look(at, port, log, outcome)
        finally:
            bot.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                bot.wait(20)
            bot.kill()
    for step in STEPS:
        last = log.read_text().strip().rpartition("\n")[2]
        report(step, holds=step in outcome, seen=outcome.get(step, f"not seen; log: {last}"))


def look(at: Target, port: int, log: Path, outcome: dict[str, str]) -> None:
    """Note the steps that have happened."""

    def note(step: str, probe: Callable[[], object]) -> None:
        if step not in outcome:
            with suppress(urllib.error.URLError, OSError, ValueError, LookupError):
                if seen := probe():
                    outcome[step] = str(seen)

    note("start", lambda: ask(port, "show_config")["state"])
    note("balances", lambda: f"{ask(port, 'balance')['total']} USDT")
    note("subscribe", lambda: opened(at))
    orders = orders_of(at)
    note("place", lambda: [row["id"] for row in orders])
    sides = {row["side"] for row in orders if row["status"] == "closed"}
    note("fill", lambda: "bought and sold" if sides >= {"buy", "sell"} else "")
    note("cancel", lambda: TIMED_OUT if TIMED_OUT in " ".join(log.read_text().split()) else "")


def opened(at: Target) -> str:
    """Return how many public sockets the bot has opened, as the sandbox counts them."""
    stats = f"{at.url}/sandbox/v1/stats"
    with urllib.request.urlopen(stats, timeout=5) as answer:  # noqa: S310 - loopback
        text: str = answer.read().decode()
    counted = json.loads(text)["counts"].get("market_sockets_opened", 0)
    return f"{counted} sockets" if counted else ""


main()
