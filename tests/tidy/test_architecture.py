"""ARCHITECTURE.md and the documents of deploy/docs agree with the tree."""

from deploy.dev.order_table import with_table
from tests.tidy.repository import text


def test_the_table_of_order_states_is_the_one_in_the_code() -> None:
    document = text("ARCHITECTURE.md")
    assert with_table(document) == document, "run `make env`"
