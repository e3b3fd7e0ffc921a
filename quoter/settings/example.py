"""`.env.example`, generated from the settings class, so that it can't lag behind."""

from textwrap import wrap

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from quoter.settings.fields import SECTIONS
from quoter.settings.model import env_name

WIDTH = 96
HEAD = """\
# Settings of quoter: copy to .env and change what you like. Written by `make env`; do not edit.
# The environment outranks this file, this file outranks secret files. Unknown QUOTER_ names are
# refused. A line without # in front is required: its value is fit for the sandbox only.
"""


def env_example() -> str:
    """The whole file: each setting with unit, bounds and default."""
    parts = [HEAD]
    for section in SECTIONS:
        parts.append(f"\n# --- {section.__doc__} ---\n")
        parts += [_entry(name, field) for name, field in section.model_fields.items()]
    return "".join(parts)


def settings_table() -> str:
    """The same as a Markdown table, for the README."""
    rows = ["| name | default | meaning |", "|---|---|---|"]
    for section in SECTIONS:
        for name, field in section.model_fields.items():
            bounds = _bounds(field).replace("|", "\\|")
            meaning = (field.description or "").replace("|", "\\|")
            text = f"{meaning}; {bounds}" if bounds else meaning
            default = "**required**" if field.is_required() else _code(field.default)
            rows.append(f"| `{env_name(name)}` | {default} | {text} |")
    return "\n".join(rows) + "\n"


def _code(default: object) -> str:
    return "" if default in (None, "") else f"`{default}`"


def _entry(name: str, field: FieldInfo) -> str:
    bounds = _bounds(field)
    text = f"{field.description}{f'; {bounds}' if bounds else ''}"
    comment = "\n".join(f"# {line}" for line in wrap(text, WIDTH))
    if field.is_required():
        return f"\n{comment}\n{env_name(name)}={(field.examples or [''])[0]}\n"
    default = "" if field.default is None else field.default
    return f"\n{comment}\n#{env_name(name)}={default}\n"


def _bounds(field: FieldInfo) -> str:
    found = []
    for bound in field.metadata:
        match bound:
            case Gt(gt=value):
                found.append(f"> {value}")
            case Ge(ge=value):
                found.append(f">= {value}")
            case Lt(lt=value):
                found.append(f"< {value}")
            case Le(le=value):
                found.append(f"<= {value}")
            case _:
                pass
    return ", ".join(found)
