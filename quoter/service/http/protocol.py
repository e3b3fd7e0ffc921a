"""Fixed values of our HTTP responses, by which the command line recognises a daemon."""

from enum import StrEnum

SERVER = "quoter"  # the Server header of every response


class RequestResult(StrEnum):
    """The field `result` of an accepted request."""

    DONE = "done"
    PENDING = "accepted, not yet done"
