"""The modules of a `quoter` process, imported once in the server that `forked.py` forks from."""

import gc
import os
from importlib import import_module

# Some modules read the environment when they are imported: it must be that of a real start.
for name in os.environ.keys() - {"PATH", "PYTHONPATH"}:
    del os.environ[name]

from quoter.service.health import loop_monitor  # noqa: E402 - after the environment

for module in (
    "quoter.cli.run",
    "quoter.cli.check",
    "quoter.cli.explain",
    "quoter.cli.records.ledger",
    "quoter.cli.status",
    "quoter.app.sentinel",
    "tests.integration.paper.redirect",
):
    import_module(module)

# As in `conftest.py`: the machine runs more processes than it has cores, and a daemon would rightly
# pause at the limit of 0.25 s. `test_daemon_health.py` tests that limit.
loop_monitor.LAG_S_MAX = 1.5

gc.collect()
gc.freeze()  # else collections in the forked processes would copy all memory of these modules
