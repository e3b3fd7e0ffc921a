"""Recognition of requests that may change an account, by method and path.

A venue may create by GET (Deribit) and read by POST (Kraken). So a request that is not the verified
create is allowed only if its path identifies it as a read or a cancel.
"""

import re
from urllib.parse import urlsplit

from quoter.venues.egress.gate import Purpose

# Words of paths that create or change an order, or move money, whatever the method.
_ACTS = re.compile(
    r"(?i)(?:^|[/_.-])(?:buy|sell|create|place|submit|edit|close|execute|move|mass)(?=[/_.-]|$)"
    r"|(?:^|[/_.-])(?:withdraw|transfer)/?$"
    r"|replace|amend|modify|(?:add|new|place|edit)[_-]?order"
)
_CANCELS = re.compile(r"(?i)cancel(?!.*after)")  # "cancel all after" is the dead man's switch


def creates_nothing(purpose: Purpose, method: str, url: str, post_reads: frozenset[str]) -> bool:
    """Whether a request is a read, a DELETE, or a cancel within a call declared as a cancel.

    `post_reads`: a read by POST has one of these as a segment of its path.
    """
    path = urlsplit(url).path
    if method == "DELETE":
        return True
    if _ACTS.search(path):
        return False
    if method == "GET":
        return True
    if purpose is Purpose.CANCEL and _CANCELS.search(path):
        return True
    return purpose is not Purpose.CREATE and not post_reads.isdisjoint(path.split("/"))
