"""Settings of what stops us when we can't."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, SecretStr

from quoter.settings.parse import parse_dead_man


class Watched(BaseModel):
    """Who stops us when we can't: the sentinel, and the venue's dead man's switch"""

    sentinel: Literal["off", "auto", "required"] = Field(
        "auto",
        description="pause without a sign of life of `quoter sentinel` for 5 s: off, auto (once "
        "one was seen) or required",
    )
    sentinel_stale_s: float = Field(
        3,
        ge=1,
        le=10,
        description="silence of the daemon after which its sentinel cancels all; seconds",
    )
    sentinel_port: int = Field(
        9465, ge=0, le=65_535, description="TCP port of the sentinel's HTTP; number, 0 for any free"
    )
    sentinel_api_key_file: Path | None = Field(
        None,
        repr=False,
        description="file that holds the sentinel's own API key (cancel and read); without: ours",
    )
    sentinel_api_secret_file: Path | None = Field(
        None, repr=False, description="file that holds the secret of that key"
    )
    sentinel_api_key: SecretStr | None = Field(
        None, validate_default=True, description="the sentinel's own API key itself"
    )
    sentinel_api_secret: SecretStr | None = Field(
        None, validate_default=True, description="the secret of that key"
    )
    dead_man: Annotated[Literal["auto", "off"] | int, BeforeValidator(parse_dead_man)] = Field(
        "auto",
        description="the venue cancels every order of the account when it has not heard of us for "
        "so long: auto (where it can), off, or seconds",
    )
