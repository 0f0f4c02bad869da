"""Which code this is: what a run computes follows from its configuration, its conditions and these sources."""

import ast
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_TRAINING = "core.learning.training"
_MODELS = _ROOT / "core" / "models"


@cache
def code_fingerprint() -> str:
    """The first 12 hexadecimal digits of the SHA-256 of the code of every file that training needs, with their names.

    Those are core.learning.training, the models, and whatever of core these import, wherever in a file. Of each what
    is computed counts: comments, docstrings, descriptions of settings and line breaks may change.
    """
    digest = sha256()
    for path in sorted(training_sources()):
        digest.update(f"{path.relative_to(_ROOT)}\n{_code(path)}\n".encode())
    return digest.hexdigest()[:12]


def _code(path: Path) -> str:
    return ast.dump(_WithoutWords().visit(ast.parse(path.read_bytes())))


class _WithoutWords(ast.NodeTransformer):
    """Takes out of a module what it says to people."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """Drop docstrings, those of constants and fields too."""
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else self.generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> ast.AST | None:
        """Drop what a setting is described by."""
        return None if node.arg == "description" else self.generic_visit(node)


def training_sources() -> set[Path]:
    """The source files of core that decide what a training computes."""
    sources: set[Path] = set()
    waiting = [_file_of(_TRAINING), *(path for path in _MODELS.rglob("*.py") if path.name != "__init__.py")]
    while waiting:
        path = waiting.pop()
        if path is not None and path not in sources:
            sources.add(path)
            waiting += map(_file_of, _imported(path))
    return sources


def _imported(path: Path) -> Iterator[str]:
    """Every module of core that a file may import; of `from a import b` both a and a.b."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _file_of(module: str) -> Path | None:
    """The file of a module of core; None for packages, whose files hold nothing, and for all else."""
    path = _ROOT.joinpath(*module.split(".")).with_suffix(".py")
    return path if module.startswith("core.") and path.is_file() else None
