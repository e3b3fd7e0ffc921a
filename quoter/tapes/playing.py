"""Applies rows of a tape to a recorded market of the simulated venue."""

from quoter.domain.market import Side
from quoter.sim.exchange import Exchange
from quoter.sim.messages import BestNews, DepthBook, News, PrintNews
from quoter.tapes.messages import Best, Depth, Message, Print, Snapshot


def feed(exchange: Exchange, symbol: str, message: Message, now_ns: int) -> list[News]:
    """Apply one row to a recorded market of the exchange; return what the venue publishes."""
    match message:
        case Snapshot():
            book = DepthBook(last=message.last, bids=message.bids, asks=message.asks)
            return exchange.load_depth(symbol, book, now_ns)
        case Depth():
            return exchange.apply_depth(
                symbol,
                first=message.first,
                last=message.last,
                bids=message.bids,
                asks=message.asks,
                now_ns=now_ns,
            )
        case Best():
            bid, ask = (message.bid, message.bid_size), (message.ask, message.ask_size)
            return exchange.apply_best(BestNews(now_ns, symbol, message.update_id, bid, ask))
        case Print():
            trade = PrintNews(
                ts_ns=now_ns,
                symbol=symbol,
                trade_id=message.trade_id,
                price=message.price,
                size=message.size,
                taker=Side.SELL if message.is_buyer_maker else Side.BUY,
            )
            return exchange.apply_print(trade)
