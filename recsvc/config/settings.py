"""Settings of operators: defaults < file of RECSVC_CONFIG < RECSVC_* environment < flags."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from recsvc.config.events import EVENT_WEIGHTS
from recsvc.config.faults import faults_of
from recsvc.config.launch_gate import LaunchGate
from recsvc.errors import Misconfigured

SECRETS: Final = frozenset({"redis_url", "user_token_keys", "signing_keys"})
"""Settings whose value is never repeated in a message."""


class Settings(BaseSettings):
    """Everything an operator may set. Each name is also an environment variable, RECSVC_ first."""

    model_config = SettingsConfigDict(env_prefix="RECSVC_", extra="forbid")

    home: Path = Field(Path("var"), description="folder of models and embedded stores")
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=1, le=65535, description="port to listen on")
    workers: int = Field(2, ge=1, le=256, description="worker processes")
    recommender: str | None = Field(
        None,
        pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$",
        description="module:factory of a recommender of your own, in place of the trained model",
    )
    auth: Literal["open", "keys"] | None = Field(
        None, description="who may ask; open on this machine, and keys elsewhere, unless said"
    )
    user_token_keys: dict[str, list[SecretStr]] = Field(
        {}, description="keys with which hosts sign user tokens, by owner; any of a list counts"
    )
    user_token_longest_s: float = Field(
        3600.0, gt=0, le=86_400, description="seconds that a user token may live at most"
    )
    signing_keys: Annotated[list[SecretStr], NoDecode] = Field(
        [], description="keys of slates' tokens: the first signs, all are taken"
    )
    rate_per_key: float = Field(
        1000.0, ge=0, description="requests a second of one key, in each worker; 0: any number"
    )
    rate_per_session: float = Field(
        20.0, ge=0, description="requests a second of one session, in each worker; 0: any number"
    )
    event_weights: dict[str, float] = Field(
        EVENT_WEIGHTS,
        description="observations that are taken, and what each says of a taste (0: nothing)",
    )
    time_zone: str = Field("UTC", description="time zone of rules that ask the time of day")
    redis_url: SecretStr | None = Field(
        None, description="Redis or Valkey for session state; without it SQLite in home"
    )
    redis_connect_timeout_s: float = Field(
        0.1, gt=0, le=10, description="seconds to wait for a connection to Redis"
    )
    redis_timeout_s: float = Field(
        0.2, gt=0, le=10, description="seconds to wait for an answer of Redis"
    )
    max_body_bytes: int = Field(1_000_000, ge=10_000, description="largest request body")
    gate: LaunchGate = Field(
        LaunchGate(), description="limits that a model must keep to before it goes live"
    )

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("must be a time zone like Europe/Lisbon or UTC") from error
        return name

    @field_validator("user_token_keys")
    @classmethod
    def _are_long(cls, keys: dict[str, list[SecretStr]]) -> dict[str, list[SecretStr]]:
        if any(len(key.get_secret_value()) < 32 for listed in keys.values() for key in listed):
            raise ValueError("keys must be random and have at least 32 characters")
        return keys

    @field_validator("signing_keys", mode="before")
    @classmethod
    def _are_listed(cls, keys: Any) -> Any:
        return [key.strip() for key in keys.split(",")] if isinstance(keys, str) else keys

    @field_validator("signing_keys")
    @classmethod
    def _are_random(cls, keys: list[SecretStr]) -> list[SecretStr]:
        if any(len(key.get_secret_value()) < 32 for key in keys):
            raise ValueError("keys must be random and have at least 32 characters")
        return keys

    @property
    def guarded(self) -> bool:
        """Whether keys are needed."""
        return self.auth == "keys" or (self.auth is None and not self.local)

    @property
    def local(self) -> bool:
        """Whether the service listens to this machine alone."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of rules."""
        return ZoneInfo(self.time_zone)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (pydantic names its arguments)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (as above)
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags over environment over file; nothing else is read."""
        named = os.environ.get("RECSVC_CONFIG")
        if named is None:
            return init_settings, env_settings
        if not Path(named).is_file():
            raise Misconfigured(f"RECSVC_CONFIG names {named}, which is not a file.")
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, Path(named))


def read_settings(**flags: Any) -> Settings:
    """The settings in force; flags that are None do not count. Raises `Misconfigured`."""
    try:
        settings = Settings(**{name: flag for name, flag in flags.items() if flag is not None})
    except ValidationError as error:
        faults = faults_of(error, hidden=SECRETS)
        lines = "".join(f"\n  {fault.field}: {fault.message}" for fault in faults)
        raise Misconfigured(f"The settings cannot be used:{lines}", faults) from error
    except ValueError as error:
        raise Misconfigured(f"The settings cannot be read: {error}") from error
    return settings


def refuse_open_doors(settings: Settings, live_keys: int = 0) -> None:
    """Without keys only this machine may ask. Raises `Misconfigured` where nobody or anybody could.

    `live_keys` is how many keys open something.
    """
    if settings.auth == "open" and not settings.local:
        raise Misconfigured(
            f"An open service may listen on this machine only, not on {settings.host}. Use --host "
            "127.0.0.1, or leave RECSVC_AUTH away and make keys with `recsvc keys create`."
        )
    if settings.guarded and live_keys == 0:
        elsewhere = f" Without keys it may listen on this machine only, not on {settings.host}."
        where = "" if settings.local else elsewhere
        raise Misconfigured(
            "There is no key with which anybody could ask this service. Make one with `recsvc keys "
            f"create --kind secret`.{where}"
        )
