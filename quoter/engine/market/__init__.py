"""What does the market look like, and can its data be trusted?

The package has the book without our own orders, the health of the feed, and changes of the market's
rules. `limits`, `quoting`, `placing`, `commands` and `components.py` import it. Read `view.py` and
`feed_health.py` first.
"""
