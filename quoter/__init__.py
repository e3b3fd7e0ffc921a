"""Live Avellaneda–Stoikov market making, with a sandbox exchange built in.

Importing any part of quoter widens the decimal context of this thread, and of every thread and
task that starts later, to DECIMAL_DIGITS: sums and products of the venue's numbers are exact then,
in our code and in ccxt, which calculates sizes and prices in the same context. Python's default of
28 digits rounds a balance with 12 digits before and 18 after the point.
"""

from decimal import DefaultContext, getcontext

# Amounts have at most 40 digits before and 40 after the point (`quoter/domain/number_text.py`);
# a product of two has 160, and the rest is for sums.
DECIMAL_DIGITS = 200

DefaultContext.prec = DECIMAL_DIGITS  # copied by every thread at its first decimal operation
getcontext().prec = DECIMAL_DIGITS  # this thread had its copy already, perhaps
