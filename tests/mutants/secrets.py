"""Bugs in what guards the key: where requests go, what is written down, what may run at all."""

from tests.mutants.mutant import Edit, mutant

TRANSPORT = "quoter/venues/transport.py"
HOSTS = "tests/integration/test_venues_hosts.py"

WIRE = (
    mutant(
        "foreign_host_spoken_to",
        "a URL that points at another environment is followed",
        Edit(
            TRANSPORT,
            "        if parts.hostname not in self._hosts and parts.netloc not in self._hosts:\n",
            "        if False:\n",
        ),
        tests=("tests/unit/venues/test_transport.py", HOSTS),
    ),
    mutant(
        "breach_untold",
        "a request to a foreign host is refused and nobody hears of it",
        Edit(
            "quoter/venues/ccxt_gateway.py",
            "        self._client.gate.report_breaches(breach_alarm(emit, self._now_ns))\n",
            "",
        ),
        tests=(f"{HOSTS}::test_the_gateways_own_stream_tells_the_engine",),
    ),
    mutant(
        "breach_leaves_the_gate_open",
        "creates go on leaving until the engine has heard of a breach",
        Edit(
            TRANSPORT,
            "        self.is_open = False\n        if self._on_breach",
            "        if self._on_breach",
        ),
        tests=("tests/unit/venues/test_transport.py",),
    ),
    mutant(
        "key_without_tls",
        "a signed request to a real venue may go in the clear",
        Edit(
            TRANSPORT,
            "        if parts.scheme not in self._schemes:\n",
            "        if False:\n",
        ),
        tests=("tests/unit/venues/test_transport.py",),
    ),
)

MUTANTS = WIRE
