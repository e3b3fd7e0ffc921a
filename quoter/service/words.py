"""What our listener says of itself and of a request; the verbs understand nothing else."""

SERVER = "quoter"  # its name in every answer
DONE = "done"  # a request's `result`
LATE = "accepted, not yet done"
NO_LATCH = "not on the disk: a restart would forget this kill"  # of a kill that is LATE
