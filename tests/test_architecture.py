"""The one-way rule of the house: dashboard -> jobs -> core, and what each may import."""

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FORBIDDEN = {
    "core": {"jobs", "dashboard", "tests", "sqlalchemy", "alembic", "streamlit", "plotly", "pandas", "typer"},
    "jobs": {"dashboard", "tests", "streamlit", "plotly"},
    "dashboard": {"tests", "sqlalchemy", "alembic"},
}
TORCH_FREE = (
    *("core", "core.classes", "core.config", "core.presets", "core.errors", "core.architectures"),
    *("core.datasets.importing", "core.datasets.opening", "core.datasets.repairing"),
    *("core.data.fashion_mnist", "core.photos.decoder", "core.photos.model_view", "core.labelling.photo_labels"),
    *("core.statistics.metrics", "core.statistics.comparison", "core.statistics.intervals"),
    *("core.statistics.label_errors", "core.statistics.near_duplicates"),
    *("jobs.cli", "jobs.reports.report_files", "jobs.results.duplicate_search", "jobs.results.fold_groups"),
    "jobs.results.label_judges",
)


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def nodes(path: Path, words: Iterable[str]) -> Iterator[ast.AST]:
    """The nodes of a file; none where its text has none of the words, which is known without parsing it."""
    text = path.read_text(encoding="utf-8")
    return ast.walk(ast.parse(text)) if any(word in text for word in words) else iter(())


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in the file, by its first name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively: write the whole name"
            yield str(node.module).split(".")[0]


@pytest.mark.parametrize("package", FORBIDDEN)
def test_imports_run_one_way(package: str) -> None:
    crossing = {str(path.relative_to(ROOT)): FORBIDDEN[package] & set(imported(path)) for path in modules(package)}
    assert {path: names for path, names in crossing.items() if names} == {}


def test_nothing_in_dashboard_stands_before_a_module_of_python_or_of_a_library() -> None:
    """Streamlit puts the folder of Home.py first on the path, and Python the folder that one is in."""
    names = {path.stem for path in (ROOT / "dashboard").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert names & set(sys.stdlib_module_names) == set()
    assert names & set(packages_distributions()) == set()


def test_charts_and_tables_are_pure_and_never_import_streamlit() -> None:
    pure = [path for path in modules("dashboard") if {"charts", "tables"} & {path.stem, path.parent.name}]
    assert [path for path in pure if "streamlit" in imported(path)] == []


def keeps_between_pages(path: Path) -> bool:
    names = {"cache_data", "cache_resource"}
    return any(isinstance(node, ast.Attribute) and node.attr in names for node in nodes(path, names))


def test_only_queries_keep_anything_between_two_pages() -> None:
    kept = {path.name for path in modules("dashboard") if keeps_between_pages(path)}
    assert kept == {"run_queries.py", "data_queries.py", "model_queries.py", "quotas.py"}


def reads_environment(path: Path) -> bool:
    names = {"environ", "environb", "getenv", "getenvb"}
    return any(
        (isinstance(node, ast.Attribute) and node.attr in names)
        or (isinstance(node, ast.ImportFrom) and any(alias.name in names for alias in node.names))
        for node in nodes(path, names)
    )


def test_the_settings_alone_read_the_environment() -> None:
    everywhere = [*modules("core"), *modules("jobs"), *modules("dashboard")]
    assert [str(path.relative_to(ROOT)) for path in everywhere if reads_environment(path)] == ["jobs/settings.py"]


def reaches_into_streamlit(path: Path) -> bool:
    """Whether a file imports a part of Streamlit that has no place in its documented interface."""
    inner = list(nodes(path, ["streamlit."]))
    names = {alias.name for node in inner if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in inner if isinstance(node, ast.ImportFrom)}
    return any(name.startswith("streamlit.") for name in names)


def test_only_letting_go_of_uploads_needs_what_streamlit_does_not_document() -> None:
    reaching = [str(path.relative_to(ROOT)) for path in modules("dashboard") if reaches_into_streamlit(path)]
    assert reaching == ["dashboard/sections/shared/upload_memory.py"]


def watches_modules(path: Path) -> bool:
    names = {"register_forward_hook", "register_forward_pre_hook", "register_full_backward_hook"}
    return any(isinstance(node, ast.Attribute) and node.attr in names for node in nodes(path, names))


def test_nothing_hangs_a_hook_on_a_model_which_every_thread_would_fire() -> None:
    everything = [path for package in FORBIDDEN for path in modules(package)]
    assert [path for path in everything if watches_modules(path)] == []


def catches_everything(path: Path) -> bool:
    handlers = (node for node in nodes(path, ["except:", "Exception"]) if isinstance(node, ast.ExceptHandler))
    return any(handler.type is None or "Exception" in ast.unparse(handler.type).split(".") for handler in handlers)


def test_only_the_last_stop_of_a_trainer_catches_everything() -> None:
    everywhere = [*modules("core"), *modules("jobs"), *modules("dashboard")]
    broad = [str(path.relative_to(ROOT)) for path in everywhere if catches_everything(path)]
    assert broad == ["jobs/running/trainer.py"]


def copies_unseen(path: Path) -> bool:
    """Whether a file changes a copy of a pydantic model, whose new values nobody looks at."""
    calls = [
        (node.func.attr, node.keywords)
        for node in nodes(path, ["copy"])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    return any(
        name == "model_copy" or (name == "copy" and any(word.arg == "update" for word in keywords))
        for name, keywords in calls
    )


def test_a_changed_config_is_validated_anew() -> None:
    everywhere = [*modules("core"), *modules("jobs"), *modules("dashboard")]
    assert [str(path.relative_to(ROOT)) for path in everywhere if copies_unseen(path)] == []


def names_given(path: Path) -> Iterator[str]:
    """Every name that a file gives to a variable or a parameter."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg


def test_variables_are_called_by_nouns() -> None:
    meaningless = {"found", "said", "own", "one", "it"}
    everywhere = [path for package in (*FORBIDDEN, "tests") for path in modules(package)]
    used = {str(path.relative_to(ROOT)): meaningless & set(names_given(path)) for path in everywhere}
    assert {path: names for path, names in used.items() if names} == {}


def test_no_python_of_pages_or_reports_styles_html_inline() -> None:
    styled = [path for package in ("jobs", "dashboard") for path in modules(package) if 'style="' in path.read_text()]
    assert [path.name for path in styled] == ["style.py"]


def test_commands_begin_without_scipy_s_functions_for_images() -> None:
    program = "import sys, jobs.cli; sys.exit('scipy.ndimage' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0


def test_what_pages_import_stays_free_of_torch() -> None:
    program = (
        f"import importlib, sys\nfor name in {TORCH_FREE}:\n    importlib.import_module(name)\n"
        "    if {'torch', 'torchvision'} & sys.modules.keys():\n        sys.exit(f'{name} imports torch')"
    )
    imported_all = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert imported_all.returncode == 0, imported_all.stderr
