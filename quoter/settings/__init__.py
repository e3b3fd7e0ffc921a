"""The only reader of the environment: `QUOTER_*` names, typed, with units and bounds."""

from quoter.settings.again import reader
from quoter.settings.example import env_example, settings_table
from quoter.settings.exposure import Exposure
from quoter.settings.fields import Environment
from quoter.settings.knobs import KNOBS
from quoter.settings.load import forget_secrets, known_names, load
from quoter.settings.model import FixedSettings, Settings

__all__ = [
    "KNOBS",
    "Environment",
    "Exposure",
    "FixedSettings",
    "Settings",
    "env_example",
    "forget_secrets",
    "known_names",
    "load",
    "reader",
    "settings_table",
]
