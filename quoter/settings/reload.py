"""Reading the settings again while the daemon runs (SIGHUP)."""

import os
from collections.abc import Callable

from pydantic_settings import SettingsError

from quoter.domain.errors import BadSetting
from quoter.settings.fields import SECRETS
from quoter.settings.load import load
from quoter.settings.model import Settings, env_name
from quoter.settings.remembered_secrets import remembered


def reader() -> Callable[[], Settings]:
    """Return a function that reads the settings again. Call before `forget_secrets`.

    It remembers the secrets of the environment, and raises BadSetting and OSError.
    """
    secrets = {name: value for name in SECRETS if (value := os.environ.get(env_name(name)))}

    def read() -> Settings:
        try:
            with remembered(secrets):
                return load(dry_run=True)  # key and confirmation were checked at the start
        except SettingsError as error:  # a secret file that is not text; names the field
            raise BadSetting(str(error)) from None

    return read
