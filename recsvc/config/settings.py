"""Settings of operators: defaults < file of RECSVC_CONFIG < RECSVC_* environment < flags."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from recsvc.config.events import EVENT_WEIGHTS
from recsvc.config.faults import faults_of
from recsvc.errors import Misconfigured


class Settings(BaseSettings):
    """Everything an operator may set. Each name is also an environment variable, RECSVC_ first."""

    model_config = SettingsConfigDict(env_prefix="RECSVC_", extra="forbid")

    home: Path = Field(Path("var"), description="folder of models and embedded stores")
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=1, le=65535, description="port to listen on")
    workers: int = Field(2, ge=1, le=256, description="worker processes")
    auth: Literal["open"] = Field("open", description="who may ask; open only on loopback")
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

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("must be a time zone like Europe/Lisbon or UTC") from error
        return name

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
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
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
        faults = faults_of(error)
        lines = "".join(f"\n  {fault.field}: {fault.message}" for fault in faults)
        raise Misconfigured(f"The settings cannot be used:{lines}", faults) from error
    except ValueError as error:
        raise Misconfigured(f"The settings cannot be read: {error}") from error
    return settings


def refuse_open_doors(settings: Settings) -> None:
    """Without keys only this machine may ask; raises `Misconfigured` for any other address."""
    if settings.host == "localhost":
        return
    try:
        if ipaddress.ip_address(settings.host).is_loopback:
            return
    except ValueError:
        pass
    raise Misconfigured(
        f"The service is open to whoever reaches it, so it may listen on this machine only, "
        f"not on {settings.host}. Use --host 127.0.0.1; keys for other addresses are not built "
        "in this version."
    )
