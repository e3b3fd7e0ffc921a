"""What does the market look like, and can its data be trusted?

Book without our own orders, health of the feed, changes of the market's rules. `limits`, `quoting`,
`placing`, `commands` and `components.py` import it. Read `view.py` and `feed_health.py` first.
"""
