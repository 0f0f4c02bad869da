"""Ray's Jobs API over HTTP (docs.ray.io, "Ray Jobs REST API"), each request with an end to its patience.

Nothing of Ray is imported: where a supervisor works only the head of the cluster needs to answer.
"""

import json
import shlex
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError

from jobs.machines.nodes import Node
from jobs.settings import settings
from jobs.supervising.launcher import CannotStart

PATIENCE_S = 4.0
"""How long the head may say nothing; a supervisor has other runs to look after."""
MOST_MACHINES = 1_000
MOST_BYTES = 16_000_000
PENDING, RUNNING = "PENDING", "RUNNING"
_PREFIX = "machine-"


class _StayThere(urllib.request.HTTPRedirectHandler):
    """A token is for one address: what leads elsewhere is an error."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""


# Without the proxies of the environment, too: the machines of a cluster reach one another.
_OPENER = urllib.request.build_opener(_StayThere, urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class RayJobs:
    """The jobs of the cluster whose head is at an address; the token is Ray's own."""

    address: str
    token: str

    def machines(self) -> frozenset[str]:
        """The machines of ours that have joined; raise CannotStart where the head does not answer or let us in."""
        answer = self._ask("GET", f"/api/v0/nodes?limit={MOST_MACHINES}")
        try:
            joined = [each for each in answer["data"]["result"]["result"] if each["state"] == "ALIVE"]
            resources = [name for each in joined for name in each["resources_total"]]
        except (KeyError, TypeError) as error:
            raise CannotStart(
                "The head of the Ray cluster answered in a way that this version does not know.",
                "Install Ray as in requirements-cluster.txt on all machines.",
            ) from error
        return frozenset(name.removeprefix(_PREFIX) for name in resources if name.startswith(_PREFIX))

    def submit(self, job: str, entrypoint: str, node: str, *, gpu: bool) -> None:
        """Have a command run once on a machine; raise CannotStart, and then it may run all the same."""
        self._ask(
            "POST",
            "/api/jobs/",
            {
                "submission_id": job,
                "entrypoint": entrypoint,
                "entrypoint_resources": {resource_of(node): 0.001},
                "entrypoint_num_gpus": 1 if gpu else 0,
            },
        )

    def status(self, job: str) -> str:
        """What the head says of a job, in Ray's words: PENDING, RUNNING or how it ended; raise CannotStart."""
        return str(self._ask("GET", f"/api/jobs/{job}").get("status", ""))

    def stop(self, job: str) -> None:
        """Have the processes of a job asked to leave, and killed soon after; raise CannotStart."""
        self._ask("POST", f"/api/jobs/{job}/stop")

    def _ask(self, method: str, path: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        body = json.dumps(content).encode() if content is not None else None
        request = urllib.request.Request(f"{self.address}{path}", body, headers, method=method)
        try:
            with _OPENER.open(request, timeout=PATIENCE_S) as answer:
                content_of_answer = json.loads(answer.read(MOST_BYTES) or b"{}")
        except HTTPError as error:
            raise _refused(error.code) from error
        except (OSError, HTTPException, ValueError) as error:
            raise CannotStart(
                f"The head of the Ray cluster at {self.address} does not answer ({type(error).__name__}).",
                "Start it (python -m jobs node --head), or correct LOOKBOOK_RAY_ADDRESS.",
            ) from error
        return content_of_answer if isinstance(content_of_answer, dict) else {}


def ray_jobs() -> RayJobs:
    """Those of the cluster that the settings name."""
    chosen = settings()
    return RayJobs(chosen.ray_address, chosen.ray_token.get_secret_value() if chosen.ray_token else "")


def _refused(status: int) -> CannotStart:
    if status in (401, 403):
        return CannotStart(
            "The Ray cluster does not take the token.", "Set LOOKBOOK_RAY_TOKEN to that of the machine with its head."
        )
    return CannotStart(f"The Ray cluster refused ({status}).", "Its dashboard and logs say why.")


def entrypoint(node: Node, environment: Mapping[str, str], module_words: Sequence[str]) -> str:
    """The shell's line that runs a module of ours, with its arguments, on a machine, as it has us installed."""
    variables = [f"{name}={value}" for name, value in environment.items()]
    words = ["env", *variables, node.facts.python, "-m", *module_words]
    return f"cd {shlex.quote(node.facts.root)} && exec {shlex.join(words)}"


def resource_of(node: str) -> str:
    """The resource by which Ray knows a machine of ours."""
    return f"{_PREFIX}{node}"
