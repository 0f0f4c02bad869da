"""Whether the server may start as it is set up, and what whoever starts it should know."""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from core.errors import ConfigurationError, LookbookError
from dashboard.addresses import redirect_uri
from dashboard.protection import is_for_others, is_host_allowed, is_loopback, open_door
from jobs.settings import Settings, settings

_KEYS = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
_SHORTEST_SECRET = 32
_MORE = "See docs/sign-in.md."
_INSTALL = "pip install -r requirements-team.txt -c constraints.txt"


def check() -> None:
    """Say on stderr what weakens this server; where it may not start so, exit with a sentence and a status of 1."""
    try:
        chosen = settings()
        problem = open_door(is_for_others=is_for_others()) or setup_problem(chosen, st.get_option, _auth_section)
    except LookbookError as error:
        problem = str(error)
    if problem:
        sys.exit(problem)
    for sentence in warnings(chosen, st.get_option, _auth_section):
        print(sentence, file=sys.stderr, flush=True)


def setup_problem(chosen: Settings, option: Callable[[str], Any], auth_section: Callable[[], Mapping[str, Any]]) -> str:
    """What keeps people from signing in as the settings say, in one sentence; empty where nothing does."""
    if chosen.sign_in == "openid":
        return _openid_problem(option, auth_section)
    if chosen.sign_in == "proxy":
        return _proxy_problem(chosen, option("server.trustedUserHeaders"))
    return ""


def warnings(
    chosen: Settings, option: Callable[[str], Any], auth_section: Callable[[], Mapping[str, Any]]
) -> Sequence[str]:
    """A sentence for each setting that weakens a server that may start."""
    others = [name for name in option("server.allowedHosts") if not is_loopback(name.strip())]
    sentences = []
    if chosen.open_to_network and not chosen.sign_in:
        sentences.append(
            "LOOKBOOK_OPEN_TO_NETWORK is yes: whoever reaches this server may see, change and delete everything, and "
            "the record names nobody but the user who runs it."
        )
    elif not chosen.sign_in and others:
        sentences.append(
            f"Nobody signs in here, though this server answers to {', '.join(others)}: whoever comes by that name may "
            "do everything. Set LOOKBOOK_SIGN_IN."
        )
    if chosen.sign_in and chosen.newcomers not in ("look", "none"):
        sentences.append(f"LOOKBOOK_NEWCOMERS is {chosen.newcomers}: whoever signs in may do so without being asked.")
    if everywhere := [str(network) for network in chosen.trusted_networks if not network.prefixlen]:
        sentences.append(
            f"LOOKBOOK_TRUSTED_PROXIES names {everywhere[0]}: any machine may say in a header who signs in."
        )
    receiver = urlsplit(chosen.webhook_url.get_secret_value() if chosen.webhook_url else "")
    if receiver.scheme == "http" and not is_loopback(receiver.hostname or ""):
        sentences.append(
            "LOOKBOOK_WEBHOOK_URL begins with http://: whoever listens on the way reads what is told, and the address, "
            "which is a secret."
        )
    if chosen.sign_in == "openid":
        address = urlsplit(redirect_uri(auth_section(), option))
        if address.scheme == "http" and not is_loopback(address.hostname or ""):
            sentences.append(
                f"redirect_uri begins with http://: whoever listens between a browser and {address.hostname} can act "
                "for the person who has signed in. Put TLS before this server."
            )
    return sentences


def _openid_problem(option: Callable[[str], Any], auth_section: Callable[[], Mapping[str, Any]]) -> str:
    if find_spec("authlib") is None:
        return f"LOOKBOOK_SIGN_IN is openid, and Authlib is not installed: {_INSTALL}"
    section = auth_section()
    missing = [key for key in _KEYS if not isinstance(section.get(key), str) or not section[key].strip()]
    if missing:
        return f"LOOKBOOK_SIGN_IN is openid, and [auth] in secrets.toml lacks {', '.join(missing)}. {_MORE}"
    if len(section["cookie_secret"]) < _SHORTEST_SECRET:
        return f"cookie_secret in [auth] of secrets.toml must have {_SHORTEST_SECRET} characters or more. {_MORE}"
    address = urlsplit(redirect_uri(section, option))
    base = option("server.baseUrlPath").strip("/")
    path = f"/{base}/oauth2callback" if base else "/oauth2callback"
    if address.scheme not in ("http", "https") or not address.hostname or address.path != path:
        return (
            f"redirect_uri in [auth] of secrets.toml must be the address of this server with {path} behind it. {_MORE}"
        )
    if not is_host_allowed(address.netloc, option("server.allowedHosts")):
        return f"redirect_uri in [auth] of secrets.toml names {address.hostname}: add it to server.allowedHosts."
    if urlsplit(section["server_metadata_url"]).scheme not in ("http", "https"):
        return f"server_metadata_url in [auth] of secrets.toml must begin with https://. {_MORE}"
    if option("server.trustedUserHeaders"):
        return "server.trustedUserHeaders would let a header say who signs in: unset it, or set LOOKBOOK_SIGN_IN=proxy."
    return ""


def _proxy_problem(chosen: Settings, headers: Mapping[str, str]) -> str:
    if "email" not in headers.values():
        return (
            "LOOKBOOK_SIGN_IN is proxy: say in server.trustedUserHeaders which header brings the e-mail address, for "
            f'example {{"X-Forwarded-Email": "email"}}. {_MORE}'
        )
    if not chosen.trusted_proxies:
        return (
            "LOOKBOOK_SIGN_IN is proxy: name the proxy's address in LOOKBOOK_TRUSTED_PROXIES, for example 127.0.0.1; "
            f"the headers of all others are not believed. {_MORE}"
        )
    return ""


def _auth_section() -> Mapping[str, Any]:
    """The section [auth] of Streamlit's secrets. Raise ConfigurationError where there is no file, or a broken one."""
    try:
        section = st.secrets.get("auth", {})
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"LOOKBOOK_SIGN_IN is openid, and there is nothing to read: {error}.", _MORE
        ) from error
    return section if isinstance(section, Mapping) else {}
