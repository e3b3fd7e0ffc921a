"""What does the market look like, and can its data be trusted?

Book without our own orders, health of the feed, changes of the market's rules. Imported by
`limits`, `quoting`, `placing` and `commands`. Read `view.py` and `feed_health.py` first.
"""
