"""Secrets that have left our environment, as a source of settings that are read anew.

Without them a key in the environment whose other half is in a file looks like half a key, once
`forget_secrets` has done its work.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource

_KEPT: ContextVar[Mapping[str, str]] = ContextVar("kept secrets")


@contextmanager
def remembered(kept: Mapping[str, str]) -> Iterator[None]:
    """`kept`, by field, is part of the environment inside; for this thread or task only."""
    token = _KEPT.set(kept)
    try:
        yield
    finally:
        _KEPT.reset(token)


class Remembering(BaseSettings):
    """Settings whose environment has what is `remembered`."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The usual sources in their order, and ours behind the environment."""
        kept = InitSettingsSource(settings_cls, init_kwargs=dict(_KEPT.get({})))
        return init_settings, env_settings, kept, dotenv_settings, file_secret_settings
