"""`quoter` as a process at a paper venue.

`python -m tests.integration.paper.command EXCHANGE URL …` is `quoter …` with ccxt's class of that
exchange redirected to the URL.
"""

import sys

from quoter.cli.main import app
from tests.integration.paper.redirect import redirected

if __name__ == "__main__":
    exchange, url = sys.argv[1:3]
    del sys.argv[1:3]
    with redirected(exchange, url):
        app()
