"""Fixed texts of our HTTP responses; the command line recognises a daemon by them."""

SERVER = "quoter"  # its name in every answer
DONE = "done"  # a request's `result`
LATE = "accepted, not yet done"
NO_LATCH = "not on the disk: a restart would forget this kill"  # of a kill that is LATE
