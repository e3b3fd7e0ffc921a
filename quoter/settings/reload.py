"""Rereads the settings while the daemon runs (SIGHUP)."""

import os
from collections.abc import Callable

from pydantic_settings import SettingsError

from quoter.domain.errors import BadSetting
from quoter.settings.fields import SECRETS
from quoter.settings.load import load
from quoter.settings.model import Settings, env_name
from quoter.settings.remembered_secrets import remembered


def reader() -> Callable[[], Settings]:
    """Return a function that rereads the settings. Call this before `forget_secrets`.

    The function keeps the secrets of the environment, and raises BadSetting and OSError.
    """
    secrets = {name: value for name in SECRETS if (value := os.environ.get(env_name(name)))}

    def read() -> Settings:
        try:
            with remembered(secrets):
                return load(dry_run=True)  # key and confirmation were checked at the start
        # a secret file that is not text; the message names the field
        except SettingsError as error:
            raise BadSetting(str(error)) from None

    return read
