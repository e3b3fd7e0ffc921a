"""Verification that every update of an order book follows the one before it (FD-02).

ccxt 4.5.90 applies updates of Bybit, Gate, Bitget and Deribit without checking their sequence
numbers. It adds a whole book of Bitget and Deribit to the book that it already has. What ccxt
verifies is listed in `deploy/docs/venues.md`; the fields with the numbers are in each venue's
profile.
"""

from typing import TYPE_CHECKING

from ccxt.base.errors import InvalidNonce

from quoter.venues.ccxt.types import WsClient
from quoter.venues.profiles import BookSequence

if TYPE_CHECKING:
    from quoter.venues.ccxt.types import Exchange as _Base
else:
    _Base = object


class BookChain:
    """Checks the messages of one book on one socket: a whole book, then updates without a gap."""

    def __init__(self, sequence: BookSequence) -> None:
        self._sequence = sequence
        self._socket: object = None
        self._last: int | None = None

    def starts(self, socket: object, message: object) -> bool:
        """Check the next message; return whether it is a whole book. Raises ValueError for a gap.

        After a gap, or on another socket, only a whole book is accepted.
        """
        sequence = self._sequence
        last = sequence.last_of(message)
        if sequence.is_whole(message):
            self._socket, self._last = socket, last
            return True
        before, self._last = (self._last if socket is self._socket else None), None
        if self._socket is not socket:
            raise ValueError("an update came before any whole book of this connection")
        if gap := sequence.gap(message, before):
            raise ValueError(gap)
        self._last = last
        return False


class SequencedBook(_Base):
    """Mixin that ends the socket at a gap in the order book, so that it is read anew.

    List it before ccxt's class. Its client must watch the book of one symbol only.
    """

    book_sequence: BookSequence
    _chain: BookChain | None = None

    def handle_order_book(self, client: WsClient, message: object, *rest: object) -> None:
        """Let ccxt apply a message that follows the last one; end the socket at any other."""
        if self._chain is None:
            self._chain = BookChain(self.book_sequence)
        try:
            is_whole = self._chain.starts(client, message)
        except ValueError as error:
            self.orderbooks.clear()
            client.on_error(InvalidNonce(f"{self.id}: {error}"))
            return
        if is_whole:
            self.orderbooks.clear()  # ccxt would add a whole book to the former one
        super().handle_order_book(client, message, *rest)
