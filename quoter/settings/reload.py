"""Reading the settings a second time, while we run."""

import os
from collections.abc import Callable

from pydantic_settings import SettingsError

from quoter.domain.errors import BadSetting
from quoter.settings.fields import SECRETS
from quoter.settings.load import load
from quoter.settings.model import Settings, env_name
from quoter.settings.remembered_secrets import remembered


def reader() -> Callable[[], Settings]:
    """How to read them anew; to be made before `forget_secrets`, whose victims it keeps.

    What it returns raises BadSetting and OSError.
    """
    kept = {name: value for name in SECRETS if (value := os.environ.get(env_name(name)))}

    def read() -> Settings:
        try:
            with remembered(kept):
                return load(dry_run=True)  # a daemon that runs is past the questions of a start
        except SettingsError as error:  # a secret's file that is no text; names the field
            raise BadSetting(str(error)) from None

    return read
