"""`python -m tests.integration.statement STATEMENT` executes it: a program for `test_forked.py`."""

import os  # noqa: F401 - for the statements
import sys
import time  # noqa: F401 - for the statements

if __name__ == "__main__":
    exec(sys.argv[1])  # noqa: S102 - a constant of the test
