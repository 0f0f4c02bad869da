"""Run a script of this folder with a Python that is new enough: python3 find_python.py SCRIPT [ARGUMENT...].

This file must be understood by every old Python, so that it can say what is needed; hence its plain syntax.
"""

import os
import subprocess
import sys

OLDEST = (3, 11)
NEWEST_LOOKED_FOR = 20


def version_of(python):
    """(major, minor) of a Python by its name on the PATH, or None where there is none or it does not run."""
    try:
        process = subprocess.Popen(
            [python, "-c", "import sys; print('%d %d' % sys.version_info[:2])"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError:
        return None
    printed = process.communicate()[0].split()
    return tuple(int(part) for part in printed) if process.returncode == 0 and len(printed) == 2 else None


def suitable_python():
    """This Python if it is new enough, else the newest python3.x on the PATH that is, else None."""
    if sys.version_info[:2] >= OLDEST:
        return sys.executable
    for minor in range(NEWEST_LOOKED_FOR, OLDEST[1] - 1, -1):
        name = "python3.%d" % minor
        if version_of(name) == (3, minor):
            return name
    return None


def main():
    python = suitable_python()
    if python is None:
        sys.exit(
            "Python %d.%d or newer is needed, and %s is %d.%d: install a newer one, or name it, for example "
            "make run PYTHON=python3.12" % (OLDEST + (sys.executable,) + sys.version_info[:2])
        )
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), sys.argv[1])
    os.execvp(python, [python, script] + sys.argv[2:])


if __name__ == "__main__":
    main()
