"""The settings of this installation: the only place that reads the environment."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from core.errors import ConfigurationError
from core.machine.cores import usable_cores
from jobs.people import Role

Network = IPv4Network | IPv6Network
ROOT = Path(__file__).resolve().parent.parent
ACTS_FOR = "LOOKBOOK_ACTS_FOR"
"""The variable by which a process that is started for somebody learns for whom."""
MOST_UPLOAD_MB = 2_000
"""Of one upload, whatever is set; server.maxUploadSize in dashboard/.streamlit/config.toml is the same."""


def sqlite_url(path: Path) -> str:
    """The database URL of a file, whatever letters its path has."""
    return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


def _default_slots() -> int:
    """One trainer for every four cores: two trainers on two cores slow each other down several times."""
    return max(1, usable_cores() // 4)


class Settings(BaseSettings):
    """Where things are and how much runs at once; each field is read from LOOKBOOK_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="LOOKBOOK_", frozen=True, env_ignore_empty=True)

    database_url: str = Field(default_factory=lambda: sqlite_url(ROOT / "runs.db"))
    artifacts: Path = ROOT / "artifacts"
    data: Path = ROOT / "data"
    slots: int = Field(default_factory=_default_slots, ge=1, le=64)
    upload_mb: int = Field(default=500, ge=1, le=MOST_UPLOAD_MB)
    upload_mb_per_hour: int = Field(default=5_000, ge=1)
    photos_per_hour: int = Field(default=5_000, ge=1)
    resnet18_weights: Path | None = None
    admins: str = ""
    newcomers: str = "look"
    sign_in: Literal["", "openid", "proxy"] = ""
    session_hours: float = Field(default=12, ge=0.001, le=720)
    trusted_proxies: str = ""
    sign_out_address: str = ""
    open_to_network: bool = False
    public_url: str = ""
    webhook_url: SecretStr | None = None
    node_cache: Path | None = None
    ray_address: str = ""
    ray_token: SecretStr | None = None
    least_free_mb: int = Field(default=500, ge=0)
    supervisor_here: bool = True

    @field_validator("artifacts", "data", "node_cache", "resnet18_weights")
    @classmethod
    def _anchored(cls, path: Path | None) -> Path | None:
        """Relative paths are relative to the repository root, never to the working directory."""
        try:
            return None if path is None else ROOT / path.expanduser()
        except RuntimeError as error:
            raise ValueError("there is no such user, and so no home folder") from error

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, text: str) -> str:
        _networks(text)
        return text

    @property
    def trusted_networks(self) -> tuple[Network, ...]:
        """The addresses of the proxies whose word is taken for who signs in."""
        return _networks(self.trusted_proxies)

    @field_validator("sign_out_address")
    @classmethod
    def _address(cls, address: str) -> str:
        if not address.startswith(("/", "https://", "http://")) and address:
            raise ValueError("write a path of this server or an address that begins with https://")
        return address

    @field_validator("public_url")
    @classmethod
    def _public(cls, address: str) -> str:
        if address and not _is_web_address(address):
            raise ValueError("write the address that people type, for example https://lookbook.example.org")
        return address.rstrip("/")

    @field_validator("ray_address")
    @classmethod
    def _head(cls, address: str) -> str:
        if address and not _is_web_address(address):
            raise ValueError("write the address of the head of the Ray cluster, for example http://head:8265")
        return address.rstrip("/")

    @field_validator("webhook_url")
    @classmethod
    def _webhook(cls, address: SecretStr | None) -> SecretStr | None:
        if address is not None and not _is_web_address(address.get_secret_value()):
            raise ValueError("write an address that begins with https:// or http://, without a password")
        return address

    @field_validator("newcomers")
    @classmethod
    def _role(cls, word: str) -> str:
        """The role of whoever has signed in and been given none; "none" keeps them out."""
        if word != "none" and Role.named(word) is None:
            raise ValueError(f"choose none or one of {', '.join(role.word for role in Role)}")
        return word

    @property
    def admin_ids(self) -> frozenset[str]:
        """The e-mail addresses of those who are admins whatever the store says."""
        return frozenset(part.strip().lower() for part in self.admins.split(",") if part.strip())

    @property
    def has_cluster(self) -> bool:
        """Whether runs of this installation work on the machines of a cluster."""
        return bool(self.ray_address)

    @field_validator("database_url")
    @classmethod
    def _anchored_url(cls, url: str) -> str:
        if "://" not in url:
            raise ValueError("write it as a URL, for example sqlite:///runs.db")
        try:
            parts = make_url(url)
        except (ArgumentError, ValueError):
            return url  # which opening the store explains
        if parts.get_backend_name() != "sqlite" or parts.database in (None, "", ":memory:"):
            return url
        if "?" in url and not parts.query:
            raise ValueError("what follows the ? is not an option; write a ? that belongs to the path as %3F")
        if parts.database.startswith("file:"):
            raise ValueError("write the path itself, for example sqlite:////srv/lookbook/runs.db")
        return parts.set(database=str(ROOT / parts.database)).render_as_string(hide_password=False)


def _networks(text: str) -> tuple[Network, ...]:
    """The addresses and networks of a list with commas; raise ValueError for what is none."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def _is_web_address(text: str) -> bool:
    """Whether it is an address of the web with a host and without a password; one that cannot be parsed is none."""
    try:
        parts = urlsplit(text)
        _ = parts.port  # ValueError for a port that is none
    except ValueError:
        return False
    plain = text.isascii() and text.isprintable() and " " not in text and parts.username is None
    return plain and parts.scheme in ("http", "https") and bool(parts.hostname)


@cache
def settings() -> Settings:
    """The settings, read once; raise ConfigurationError that names the variable that is wrong."""
    with _problems_explained():
        return Settings()


def anchored_url(url: str) -> str:
    """The URL of another run store, read as LOOKBOOK_DATABASE_URL would be; raise ConfigurationError."""
    with _problems_explained():
        return Settings(database_url=url).database_url


@contextmanager
def _problems_explained() -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        problems = "; ".join(_problem(detail) for detail in error.errors())
        raise ConfigurationError(f"A setting is not valid: {problems}.", "Correct or unset the variable.") from error


def downloaded_weights() -> Path:
    """The folder where torch hub keeps the weights that it downloads; its own rules, without importing torch."""
    cache_home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    torch_home = os.environ.get("TORCH_HOME") or Path(cache_home) / "torch"
    return Path(torch_home).expanduser() / "hub" / "checkpoints"


# Threads that wait for one another give up their core sooner: beside another busy process a training step else takes
# several times as long.
_QUICK_THREADS = {"GOMP_SPINCOUNT": "10000"}


def child_environment(database_url: str, artifacts: Path) -> dict[str, str]:
    """The environment for a process that works for this store, whatever store the settings name."""
    return {
        **_QUICK_THREADS,
        **os.environ,
        "LOOKBOOK_DATABASE_URL": database_url,
        "LOOKBOOK_ARTIFACTS": str(artifacts.absolute()),
    }


def ray_environment(stopping_s: int) -> dict[str, str]:
    """The environment for Ray's processes on a machine, which its trainers get too.

    Ray knows the token by variables of its own, and leaves a job that is asked to stop so many seconds.
    """
    token = settings().ray_token
    secret = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token.get_secret_value()} if token else {}
    return {**_QUICK_THREADS, **os.environ, "RAY_JOB_STOP_WAIT_TIME_S": str(stopping_s), **secret}


def work_environment() -> dict[str, str]:
    """What of this process's environment a task needs that is done on another machine: for whom, and how many threads.

    Where its store and its files are, that machine knows by itself.
    """
    names = (ACTS_FOR, "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {name: os.environ[name] for name in names if name in os.environ}


def acts_for() -> str:
    """Whom this process was started for, as `Person.written` has written it; empty if nobody has said so."""
    return os.environ.get(ACTS_FOR, "")


def _problem(detail: Any) -> str:
    name, value = str(detail["loc"][0]), str(detail["input"])
    # What may hold a password is not repeated.
    shown = "" if name in ("webhook_url", "ray_token") or "@" in value else f" = {detail['input']!r}"
    return f"LOOKBOOK_{name.upper()}{shown}: {detail['msg'].removeprefix('Value error, ')}"
