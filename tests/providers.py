"""A real OpenID provider, in a process of its own, that signs in whoever is named without a password."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

START_S = 60
SECRETS = """
[auth]
redirect_uri = "http://127.0.0.1:{{port}}/oauth2callback"
cookie_secret = "a secret of the tests, as long as one must be"
client_id = "lookbook"
client_secret = "any"
server_metadata_url = "{address}/.well-known/openid-configuration"
"""


@dataclass
class Provider:
    """A running provider, at an address of this machine."""

    address: str
    process: subprocess.Popen[bytes]

    def knows(self, subject: str, **claims: object) -> None:
        """Have it say this of somebody from now on."""
        body = json.dumps(claims).encode()
        request = Request(f"{self.address}/users/{subject}", body, {"Content-Type": "application/json"}, method="PUT")
        with urlopen(request):
            pass

    def secrets(self, folder: Path) -> Path:
        """Write what a dashboard must know of this provider into a file."""
        path = folder / "secrets.toml"
        path.write_text(SECRETS.format(address=self.address), encoding="utf-8")
        return path


@contextmanager
def running_provider(port: int = 0) -> Iterator[Provider]:
    """Serve a provider, at that port or a free one, until the end, if it is not ended before."""
    port = port or free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    process = subprocess.Popen(command, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    provider = Provider(f"http://127.0.0.1:{port}", process)
    try:
        _wait_for(provider)
        yield provider
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(provider: Provider) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert provider.process.poll() is None
        try:
            with urlopen(f"{provider.address}/.well-known/openid-configuration", timeout=1):
                return
        except (URLError, TimeoutError, ConnectionError):
            time.sleep(0.1)
    raise TimeoutError("the provider does not answer")
