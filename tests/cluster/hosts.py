"""Hosts of a cluster on one machine: network namespaces on a bridge, which can be cut off, and see the same folders."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup/cpu" if Path("/sys/fs/cgroup/cpu").exists() else "/sys/fs/cgroup")
_PERIOD_US = 100_000


@dataclass(frozen=True)
class Host:
    """A host with an address of its own; `name` is that of its network namespace."""

    name: str
    address: str
    link: str

    def command(self, *words: str) -> list[str]:
        """The words that run a command on this host."""
        return ["ip", "netns", "exec", self.name, *words]

    def limited(self, cores: float) -> list[str]:
        """Words before a command that give this host so many cores for all that is begun by it."""
        group = _GROUPS / self.name
        group.mkdir(exist_ok=True)
        quota = round(_PERIOD_US * cores)
        if (group / "cpu.max").exists():
            (group / "cpu.max").write_text(f"{quota} {_PERIOD_US}", encoding="ascii")
        else:
            (group / "cpu.cfs_quota_us").write_text(str(quota), encoding="ascii")
        return ["sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "sh"]

    def cut_off(self) -> None:
        """Let nothing in or out any more."""
        _ip("link", "set", self.link, "down")

    def reconnect(self) -> None:
        """Let everything in and out again."""
        _ip("link", "set", self.link, "up")


@dataclass(frozen=True)
class Network:
    """Hosts on one bridge, and the address by which they reach this machine."""

    address: str
    hosts: tuple[Host, ...]


def can_be_made() -> bool:
    """Whether this user may make networks here."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    return subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode == 0


@contextmanager
def network(count: int) -> Iterator[Network]:
    """So many hosts; all are gone when the block ends, whatever runs on them is not."""
    tag = secrets.token_hex(3)
    bridge, net = f"lb{tag}", f"10.213.{secrets.randbelow(250)}"
    made = Network(f"{net}.1", tuple(Host(f"lb{tag}n{n}", f"{net}.{10 + n}", f"lb{tag}v{n}") for n in range(count)))
    try:
        _ip("link", "add", bridge, "type", "bridge")
        _ip("addr", "add", f"{made.address}/24", "dev", bridge)
        _ip("link", "set", bridge, "up")
        for host in made.hosts:
            _make(host, bridge)
        yield made
    finally:
        for host in made.hosts:
            subprocess.run(["ip", "netns", "del", host.name], capture_output=True)
            subprocess.run(["ip", "link", "del", host.link], capture_output=True)
            if (_GROUPS / host.name).exists():
                (_GROUPS / host.name).rmdir()
        subprocess.run(["ip", "link", "del", bridge], capture_output=True)


def _make(host: Host, bridge: str) -> None:
    _ip("netns", "add", host.name)
    _ip("link", "add", host.link, "type", "veth", "peer", "name", "eth0", "netns", host.name)
    _ip("link", "set", host.link, "master", bridge, "up")
    for words in (("addr", "add", f"{host.address}/24", "dev", "eth0"), ("link", "set", "eth0", "up")):
        _ip("-n", host.name, *words)
    _ip("-n", host.name, "link", "set", "lo", "up")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
