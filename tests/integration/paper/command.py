"""`quoter` as a process at a paper venue.

`python -m tests.integration.paper.command EXCHANGE ENVIRONMENT URL …` is `quoter …` with ccxt's
class of that exchange redirected to the URL.
"""

import sys
from typing import cast

from quoter.cli.main import app
from quoter.venues.config import Environment
from tests.integration.paper.redirect import redirected

if __name__ == "__main__":
    exchange, environment, url = sys.argv[1:4]
    del sys.argv[1:4]
    with redirected(exchange, url, cast("Environment", environment)):
        app()
