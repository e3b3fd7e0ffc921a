"""Which settings has the user given? `QUOTER_*` names, typed, with units and bounds.

It reads the environment, `.env` and secret files, and is the only package that imports pydantic.
(Commands such as `quoter kill` read single names with `cli/options.py`.) It imports the domain and
the names of the fill models; `app`, `cli` and `service` import it. Read first: `fields.py` (every
setting with its help text) and `load.py` (reading and refusing them).
"""

from quoter.settings.documents import env_example, settings_page
from quoter.settings.exposure import Exposure
from quoter.settings.fields import HIDDEN, Environment
from quoter.settings.live_bounds import LIVE_PARAMS
from quoter.settings.load import forget_secrets, known_names, load, settings_from
from quoter.settings.model import PREFIX, FixedSettings, Settings
from quoter.settings.reload import reader

__all__ = [
    "HIDDEN",
    "LIVE_PARAMS",
    "PREFIX",
    "Environment",
    "Exposure",
    "FixedSettings",
    "Settings",
    "env_example",
    "forget_secrets",
    "known_names",
    "load",
    "reader",
    "settings_from",
    "settings_page",
]
