"""The generated `.env.example`."""

from pathlib import Path

from quoter.settings import (
    Environment,
    env_example,
    load,
)
from tests.unit.settings.cases import Given


def test_the_example_file_is_up_to_date() -> None:
    committed = Path(__file__).parents[3] / ".env.example"
    assert committed.read_text() == env_example(), "run `make env`"


def test_the_example_file_loads_as_it_stands() -> None:
    Path(".env").write_text(env_example())
    assert load().environment is Environment.SANDBOX


def test_the_example_file_with_all_lines_active_gives_the_defaults(given: Given) -> None:
    given()
    plain = load()
    text = "".join(
        line.replace("#QUOTER_", "QUOTER_", 1) for line in env_example().splitlines(keepends=True)
    )
    Path(".env").write_text(text)
    assert load() == plain
