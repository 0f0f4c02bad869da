"""The house has rooms: what lives in each and what it may import is written down, and these tests hold it to that."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("core", "jobs", "dashboard")
ENTRANCES = ("jobs.__main__", "dashboard.Home")
"""What people start; nothing imports it."""
MOST_MODULES = 16
LONGEST_FILE, LONGEST_FUNCTION = 320, 45

CORE = ("core", "core.machine", "core.data", "core.models.kernels", "core.models", "core.learning", "core.statistics")
PHOTOS = ("core.photos", "core.labelling", "core.datasets.readers", "core.datasets.pixels", "core.datasets")
STORE = ("jobs", "jobs.store")
PAGES = ("dashboard", "dashboard.queries", "dashboard.elements", "dashboard.charts", "dashboard.tables")
SHARED = "dashboard.sections.shared"
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "core": (),
    "core.data": ("core",),
    "core.machine": ("core", "core.data"),
    "core.models.kernels": ("core", "core.machine"),
    "core.models": ("core", "core.machine", "core.models.kernels"),
    "core.learning": ("core", "core.machine", "core.data", "core.models"),
    "core.statistics": ("core",),
    "core.photos": ("core", "core.machine", "core.statistics"),
    "core.labelling": ("core", "core.photos", "core.statistics"),
    "core.datasets.readers": ("core", "core.statistics", "core.photos", "core.labelling"),
    "core.datasets.pixels": (
        *("core", "core.machine", "core.statistics", "core.photos", "core.labelling"),
        "core.datasets.readers",
    ),
    "core.datasets": (
        *("core", "core.machine", "core.data", "core.statistics", "core.photos", "core.labelling"),
        *("core.datasets.readers", "core.datasets.pixels"),
    ),
    "core.answers": (*CORE, *PHOTOS),
    "jobs": (*CORE, *PHOTOS),
    "jobs.store.engines": ("core",),
    "jobs.store": (*CORE, "jobs", "jobs.store.engines"),
    "jobs.migrations": STORE,
    "jobs.team": (*CORE, *STORE, "jobs.machines"),
    "jobs.machines": (*CORE, *STORE),
    "jobs.running": (*CORE, *PHOTOS, "core.answers", *STORE, "jobs.machines", "jobs.team"),
    "jobs.supervising": (*CORE, *STORE, "jobs.team", "jobs.running", "jobs.machines"),
    "jobs.copies": (*CORE, *PHOTOS, "core.answers", *STORE, "jobs.team", "jobs.running"),
    "jobs.results": (*CORE, *PHOTOS, "core.answers", *STORE, "jobs.team", "jobs.running"),
    "jobs.reports": (*CORE, *PHOTOS, "core.answers", *STORE, "jobs.team", "jobs.results"),
    "jobs.reports.team": (*CORE, *STORE, "jobs.team", "jobs.machines", "jobs.reports"),
    "jobs.tasks": (*CORE, *PHOTOS, "core.answers", *STORE, "jobs.team", "jobs.running", "jobs.results", "jobs.reports"),
}
JOBS = tuple(room for room in MAY_IMPORT if room != "jobs.migrations")
MAY_IMPORT |= {
    "jobs.cli": JOBS,
    "jobs.cli.data_sets": (*JOBS, "jobs.cli"),
    "jobs.cli.team": (*JOBS, "jobs.cli"),
    "jobs.cli.cluster": (*JOBS, "jobs.cli"),
    "dashboard.queries": JOBS,
    "dashboard": (*JOBS, "dashboard.queries"),
    "dashboard.gates": (*JOBS, "dashboard.queries", "dashboard"),
    "dashboard.tables": (*JOBS, "dashboard"),
    "dashboard.charts": (*JOBS, "dashboard", "dashboard.tables"),
    "dashboard.elements": (*JOBS, "dashboard", "dashboard.charts", "dashboard.tables"),
    SHARED: (*JOBS, *PAGES),
    **{f"dashboard.sections.{page}": (*JOBS, *PAGES, SHARED) for page in ("home", "launch", "runs", "compare")},
    **{f"dashboard.sections.{page}": (*JOBS, *PAGES, SHARED) for page in ("explore", "predict", "data", "team")},
}
SECTIONS = tuple(room for room in MAY_IMPORT if room.startswith("dashboard.sections."))
MAY_IMPORT["dashboard.views"] = (*JOBS, *PAGES, *SECTIONS)


@cache
def modules() -> dict[str, Path]:
    """Every module of the three packages but the files of rooms themselves, by its name."""
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in paths}
    return {name: path for name, path in names.items() if not name.endswith(".__init__")}


def room_of(module: str) -> str:
    room = module.rpartition(".")[0]
    return "jobs.migrations" if room.startswith("jobs.migrations") else room


def imported(path: Path) -> Iterator[str]:
    """The modules of the house that a file imports, in functions too, but for those that only types need."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in PACKAGES)
        elif isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in PACKAGES:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in modules() else str(node.module)


def rooms_imported(path: Path) -> set[str]:
    return {room_of(name) if name in modules() else name for name in imported(path)}


def test_no_room_imports_another_that_it_may_not() -> None:
    wrong = {
        name: sorted(beyond)
        for name, path in modules().items()
        if name not in ENTRANCES and (beyond := rooms_imported(path) - {room_of(name), *MAY_IMPORT[room_of(name)]})
    }
    assert wrong == {}


def test_no_two_rooms_may_import_each_other_over_any_way() -> None:
    done: set[str] = set()
    while waiting := [room for room in MAY_IMPORT if room not in done]:
        free = [room for room in waiting if set(MAY_IMPORT[room]) <= done]
        assert free, f"a circle among {waiting}"
        done |= set(free)


def test_every_module_lives_in_a_room_and_no_room_is_a_hall() -> None:
    rooms: dict[str, list[str]] = {}
    for name in modules():
        if name not in ENTRANCES:
            rooms.setdefault(room_of(name), []).append(name)
    assert set(rooms) - set(MAY_IMPORT) == set()
    assert {room: len(names) for room, names in rooms.items() if len(names) > MOST_MODULES} == {}


@pytest.mark.parametrize("room", [room for room in MAY_IMPORT if room not in ("jobs.migrations", "dashboard.views")])
def test_every_room_says_what_lives_there_and_nothing_else(room: str) -> None:
    path = ROOT.joinpath(*room.split("."), "__init__.py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    if room != "jobs.cli":
        assert len(tree.body) == 1


@pytest.mark.parametrize("package", PACKAGES)
def test_no_two_modules_of_a_package_have_one_name(package: str) -> None:
    names = [name.rpartition(".")[2] for name in modules() if name.startswith(f"{package}.") and ".views." not in name]
    assert sorted(name for name in names if names.count(name) > 1) == []


def test_files_and_functions_fit_into_a_head() -> None:
    for name, path in modules().items():
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= LONGEST_FILE, f"{name} has {text.count(chr(10))} lines"
        if "migrations" in name:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                assert lines <= LONGEST_FUNCTION, f"{name}.{node.name} has {lines} lines"


def test_pages_import_no_torch_and_write_no_files() -> None:
    for name, path in modules().items():
        if name.startswith("dashboard."):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
            assert not {"torch", "torchvision"} & names, name
            writing = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            assert not {"write_text", "write_bytes", "mkdir", "unlink", "rmtree"} & writing, name
