"""Settings of the control API; they belong to `fields.py`."""

from pathlib import Path

from pydantic import BaseModel, Field, SecretStr

TOKENS = ("read_token", "operator_token", "risk_token")  # least right first


class Control(BaseModel):
    """Who may steer a running daemon over HTTP: nobody, unless a token is here"""

    read_token_file: Path | None = Field(
        None, repr=False, description="file with the token that may look at the knobs"
    )
    operator_token_file: Path | None = Field(
        None, repr=False, description="file with the token that may pause, resume, reduce and kill"
    )
    risk_token_file: Path | None = Field(
        None, repr=False, description="file with the token that may re-arm and flatten as well"
    )
    read_token: SecretStr | None = Field(
        None, validate_default=True, description="never here: the secret file quoter_read_token"
    )
    operator_token: SecretStr | None = Field(
        None, validate_default=True, description="never here: the secret file quoter_operator_token"
    )
    risk_token: SecretStr | None = Field(
        None, validate_default=True, description="never here: the secret file quoter_risk_token"
    )
    control_anywhere: bool = Field(
        False,
        description="steering by tokens on an address that is not loopback, because nothing but "
        "loopback is published: true or false",
    )
