"""Write the settings table into README.md, between its two markers. Run from the root."""

from pathlib import Path

from quoter.settings import settings_table

BEGIN, END = "<!-- settings: made by `make env` -->\n", "<!-- end of settings -->\n"


def with_table(readme: str) -> str:
    """The README with today's table. Raises ValueError if a marker is missing."""
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + settings_table() + END + after


if __name__ == "__main__":
    path = Path("README.md")
    path.write_text(with_table(path.read_text()))
