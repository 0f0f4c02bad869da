"""Write constraints.txt anew from what is installed in .venv: python constraints.py. Standard library only.

To take newer releases, delete .venv and constraints.txt, run make test, then make constraints.
"""

import subprocess

from environment import CONSTRAINTS, PYTHON

HEADER = """\
# The versions that all tests passed with; make installs these. Written by `make constraints`.
# Which build of PyTorch fits depends on the machine, so requirements.txt alone speaks of it and of what it brings.
"""
LEFT_OUT = ("lookbook", "pip", "setuptools", "torch", "torchvision", "triton", "cuda-", "nvidia-")


def main() -> None:
    """Ask pip what is installed, and write it down."""
    listed = subprocess.run(
        [PYTHON, "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True, check=True
    )
    lines = sorted((line for line in listed.stdout.splitlines() if not _is_left_out(line)), key=str.lower)
    CONSTRAINTS.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")


def _is_left_out(line: str) -> bool:
    name = line.partition("==")[0].lower()
    return any(name == each or (each.endswith("-") and name.startswith(each)) for each in LEFT_OUT)


if __name__ == "__main__":
    main()
