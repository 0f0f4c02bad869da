"""Install Ray for the tests of a cluster: python cluster.py. Standard library only.

There is not a build of it for every machine and Python; where there is none those tests are left out, and say so.
"""

from environment import install


def ensure() -> None:
    """Install it, or say in one line why the tests of a cluster will be left out."""
    try:
        install("cluster")
    except SystemExit as reason:
        print(f"The tests of a cluster are left out, because Ray is not there. {reason}", flush=True)


if __name__ == "__main__":
    ensure()
