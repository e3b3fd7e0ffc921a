"""An HTML page without scripts or network access, for light and dark mode, phone and desktop."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final

COLOURS: Final = """
:root{--paper:#ffffff;--ink:#1b1f24;--muted:#57606a;--rule:#d8dee4;--card:#f6f8fa;--grey:#8c959f;
--blue:#0072b2;--vermillion:#d55e00;--green:#009e73;--purple:#aa4499;--orange:#b07d00}
"""  # Okabe and Ito's colours, distinct to colour-blind readers; purple and orange darkened
DARK: Final = """
:root{--paper:#0d1117;--ink:#e6edf3;--muted:#9da7b3;--rule:#30363d;--card:#161b22;--grey:#7d8590;
--blue:#56b4e9;--vermillion:#ff8a4c;--green:#2fc89a;--purple:#dd8fc9;--orange:#e9b824}
"""
PICTURE_STYLE: Final = """
svg{width:100%;height:auto;display:block;font-family:system-ui,sans-serif}
svg text{fill:var(--ink);font-variant-numeric:tabular-nums}svg .muted{fill:var(--muted)}
svg .right{text-anchor:end}svg .middle{text-anchor:middle}
svg line{stroke:var(--muted)}svg .grid{stroke:var(--rule)}
svg .line{fill:none;stroke-linejoin:round}svg .dash{stroke-dasharray:5 3}
svg .level{stroke-dasharray:2 3;stroke-width:1.6}svg .band{opacity:.28}svg .span{opacity:.2}
svg .mark{stroke:var(--paper);stroke-width:.7}
"""
PAGE_STYLE: Final = """
*{box-sizing:border-box}body{margin:0 auto;padding:16px;max-width:1040px;background:var(--paper);
color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.5em;line-height:1.25;margin:.2em 0}h2{font-size:1.15em;margin:2em 0 .5em}
h3{font-size:1em;margin:1em 0 .5em}
p{margin:.4em 0}.muted,figcaption,.note{color:var(--muted)}.note,figcaption{font-size:.9em}
.warning{border-left:4px solid var(--vermillion);padding:.4em .8em;background:var(--card)}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(148px,1fr));gap:10px;
margin:16px 0;padding:0;list-style:none}
.tiles li{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:8px 12px}
.tiles b{display:block;font-size:1.25em;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.tiles span{color:var(--muted);font-size:.87em}figure{margin:0 0 14px}
img{max-width:100%;height:auto;background:#fff}figcaption{margin-top:4px}
.narrow{display:none}@media(max-width:640px){.wide{display:none}.narrow{display:block}}
.scroll{overflow-x:auto;max-height:26em;overflow-y:auto;border:1px solid var(--rule);
border-radius:8px}
table{border-collapse:collapse;width:100%;font-size:.9em;font-variant-numeric:tabular-nums}
th,td{padding:4px 10px;text-align:left;border-bottom:1px solid var(--rule);vertical-align:top}
th{position:sticky;top:0;background:var(--card);font-weight:600;white-space:nowrap}
tr:last-child td{border-bottom:0}td.number{text-align:right;white-space:nowrap}
td.text:last-child{min-width:17em}td.text:not(:last-child){white-space:nowrap}
th.number{text-align:right}details summary{cursor:pointer;color:var(--blue);margin:.5em 0}
@media print{.scroll{max-height:none}}
"""
POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:"  # the browser allows no request
)


def document(title: str, body: Iterable[str], *, about: str) -> Iterator[str]:
    """Yield a page in pieces.

    about: text below the title. body: HTML.
    """
    dark = f"@media(prefers-color-scheme:dark){{{DARK}}}"
    yield (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)}</title>"
        f"<style>{COLOURS}{dark}{PICTURE_STYLE}{PAGE_STYLE}</style></head><body>"
    )
    yield f'<header><h1>{escape(title)}</h1><p class="muted">{escape(about)}</p></header><main>'
    yield from body
    yield "</main></body></html>\n"


def heading(title: str) -> str:
    """Return the heading of a section."""
    return f"<h2>{escape(title)}</h2>"


def warning(text: str) -> str:
    """Return a highlighted paragraph."""
    return f'<p class="warning">{escape(text)}</p>'


def html_table(
    columns: Sequence[tuple[str, bool]], rows: Iterable[Sequence[str]], *, note: str = ""
) -> str:
    """Return a scrollable table.

    columns: heading of each column, and whether it has numbers. note: text below the table.
    """
    below = f'<p class="note">{escape(note)}</p>' if note else ""
    kinds = [' class="number"' if is_number else "" for _, is_number in columns]
    head = "".join(
        f"<th{kind}>{escape(name)}</th>" for (name, _), kind in zip(columns, kinds, strict=True)
    )
    lines = "".join(
        "<tr>"
        + "".join(f"<td{kind}>{escape(cell)}</td>" for cell, kind in zip(row, kinds, strict=True))
        + "</tr>"
        for row in rows
    )
    if not lines:
        return f'<p class="muted">Nothing to list.</p>{below}'
    body = f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"
    return f'<div class="scroll" tabindex="0">{body}</div>{below}'


def png_figure(png: bytes, text: str) -> str:
    """Return a picture embedded in the page; `text` is its description."""
    data = b64encode(png).decode()
    return f'<figure><img alt="{escape(text)}" src="data:image/png;base64,{data}"></figure>'


def standalone(picture: str) -> str:
    """Return an SVG element of the page as the text of a separate file."""
    dark = f"@media(prefers-color-scheme:dark){{{DARK}}}"
    style = f"{COLOURS}{dark}{PICTURE_STYLE}svg{{background:var(--paper)}}"
    head, _, rest = picture.partition("</title>")
    return f"{head}</title><style>{style}</style>{rest}\n"
