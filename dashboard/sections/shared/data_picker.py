"""The version of a data set that a page is about."""

from core.config import FASHION_MNIST
from core.datasets import versions
from core.datasets.versions import Version
from core.statistics import wording
from dashboard import pickers
from jobs.settings import settings


def pick_version(first: str = FASHION_MNIST) -> Version:
    """One of the versions that there are, `?data=`, to begin with the `first`; no choice where there is but one."""
    listed = {version.pinned: version for version in versions.list_versions(settings().data)}
    default = first if first in listed else FASHION_MNIST
    if len(listed) == 1 and not pickers.in_url("data"):
        return listed[default]
    offered = {data: _words(listed[data]) for data in dict.fromkeys([default, *listed])}
    return listed[pickers.pick_one("Data set", offered, "data", clears=("page", "class", "image"))]


def _words(version: Version) -> str:
    return f"{version.label} · {wording.counted(version.size, 'image')}, {len(version.classes):,} classes"
