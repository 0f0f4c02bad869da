"""No test, and no process or thread that one leaves behind, opens the run store of this installation."""

import os

from hypothesis import HealthCheck, settings

# The same examples each time, so that a suite that passed passes again; noisy machines make any deadline a guess.
settings.register_profile(
    "repeatable",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")


def pytest_configure() -> None:
    """Name a store in a folder that does not exist: what has no store of its own fails instead of making one."""
    os.environ["LOOKBOOK_DATABASE_URL"] = "sqlite:////nonexistent/lookbook/runs.db"
    os.environ["LOOKBOOK_ARTIFACTS"] = "/nonexistent/lookbook/artifacts"
