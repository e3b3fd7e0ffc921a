"""Write the table of order states into ARCHITECTURE.md, from `quoter/state/order_table.py`."""

from pathlib import Path

from quoter.state.order_table import TABLE

DOCUMENT = Path(__file__).parents[2] / "ARCHITECTURE.md"
BEGIN, END = "<!-- order states: written by `make env` -->", "<!-- end of order states -->"
SAME, ILLEGAL = "=", "–"


def state_table() -> str:
    """Return a Markdown table: one row per event, one column per state that is not final."""
    states = list(dict.fromkeys(state for state, _ in TABLE))
    events = sorted({event for _, event in TABLE}, key=list(type(next(iter(TABLE))[1])).index)
    rows = [["event"] + [f"`{state.value}`" for state in states]]
    rows.append(["---"] * (len(states) + 1))
    for event in events:
        row = [f"`{event.value}`"]
        for state in states:
            after = TABLE.get((state, event))
            if after is None:
                row.append(ILLEGAL)
            else:
                row.append(SAME if after is state else after.value)
        rows.append(row)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def with_table(document: str) -> str:
    """Return the document with the present table between its two marks."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{state_table()}\n{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(with_table(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
