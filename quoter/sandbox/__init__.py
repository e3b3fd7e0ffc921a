"""A fake Binance spot venue on real sockets, with its own truth ledger and faults to arm."""
