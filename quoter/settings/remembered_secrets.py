"""A settings source with the secrets that were removed from the environment.

Without it, after `forget_secrets` a key from the environment whose secret is in a file would look
incomplete.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource

_SECRETS: ContextVar[Mapping[str, str]] = ContextVar("remembered secrets")


@contextmanager
def remembered(secrets: Mapping[str, str]) -> Iterator[None]:
    """Make `secrets` (by field) available to settings that are created in this block.

    It affects only this thread or task.
    """
    token = _SECRETS.set(secrets)
    try:
        yield
    finally:
        _SECRETS.reset(token)


class RememberingSettings(BaseSettings):
    """Settings with the `remembered` secrets as an additional source."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the usual sources, with the remembered secrets after the environment."""
        secrets = InitSettingsSource(settings_cls, init_kwargs=dict(_SECRETS.get({})))
        return init_settings, env_settings, secrets, dotenv_settings, file_secret_settings
