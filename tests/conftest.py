"""No test, and no process or thread that one leaves behind, opens the run store of this installation."""

import os


def pytest_configure() -> None:
    """Name a store in a folder that does not exist: what has no store of its own fails instead of making one."""
    os.environ["LOOKBOOK_DATABASE_URL"] = "sqlite:////nonexistent/lookbook/runs.db"
    os.environ["LOOKBOOK_ARTIFACTS"] = "/nonexistent/lookbook/artifacts"
