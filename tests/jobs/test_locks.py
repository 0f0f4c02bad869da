"""A lock says whether a process lives, however the process ended."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jobs.running import background
from jobs.store import locks
from tests.jobs.working import is_suspended

HOLD = "import sys, time, pathlib; from jobs.store import locks; {}; print('held', flush=True); time.sleep(60)"
TAKE = HOLD.format("locks.acquire(pathlib.Path(sys.argv[1]))")
KEEP = HOLD.format("pass")


def start(
    program: str, *arguments: str, pass_fds: tuple[int, ...] = (), start_new_session: bool = False
) -> "subprocess.Popen[bytes]":
    child = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        pass_fds=pass_fds,
        start_new_session=start_new_session,
    )
    assert child.stdout.readline() == b"held\n"
    return child


def end(child: "subprocess.Popen[bytes]") -> None:
    child.kill()
    child.communicate()


def test_a_lock_is_free_before_anybody_took_it(tmp_path: Path) -> None:
    assert not locks.is_held(tmp_path / "lock")


def test_kill_9_frees_a_lock(tmp_path: Path) -> None:
    child = start(TAKE, str(tmp_path / "lock"))
    assert locks.is_held(tmp_path / "lock")
    end(child)
    assert not locks.is_held(tmp_path / "lock")


def test_a_child_that_got_the_descriptor_holds_the_lock_after_its_parent_let_go(tmp_path: Path) -> None:
    lock = locks.acquire(tmp_path / "lock")
    child = start(KEEP, pass_fds=(lock,))
    os.close(lock)
    assert locks.is_held(tmp_path / "lock")
    assert background.has_open(child.pid, tmp_path / "lock")
    end(child)
    assert not locks.is_held(tmp_path / "lock")


def test_a_held_lock_is_refused_and_asking_does_not_take_it(tmp_path: Path) -> None:
    lock = locks.acquire(tmp_path / "lock")
    assert locks.is_held(tmp_path / "lock")
    with pytest.raises(locks.Held):
        locks.acquire(tmp_path / "lock", patience_s=0.05)
    os.close(lock)
    assert not locks.is_held(tmp_path / "lock")
    os.close(locks.acquire(tmp_path / "lock"))


def test_a_suspended_process_holds_its_lock_and_is_woken(tmp_path: Path) -> None:
    child = start(TAKE, str(tmp_path / "lock"))
    os.kill(child.pid, signal.SIGSTOP)
    while not is_suspended(child.pid):
        time.sleep(0.01)
    assert locks.is_held(tmp_path / "lock")
    assert background.wake(child.pid)
    assert not background.wake(child.pid)
    end(child)
    assert not background.wake(child.pid)


@pytest.mark.parametrize("module", background.TRAINERS)
def test_a_trainer_that_did_not_sign_its_lock_is_found_also_when_an_earlier_version_started_it(
    tmp_path: Path, module: str
) -> None:
    child = start(TAKE, str(tmp_path / "lock"), module)
    assert background.holder(tmp_path / "lock") == child.pid
    end(child)
    assert background.holder(tmp_path / "lock") is None


def test_who_signed_a_lock_but_has_it_open_no_more_is_not_its_holder(tmp_path: Path) -> None:
    lock = locks.acquire(tmp_path / "lock")
    background.sign(lock, os.getpid())
    assert background.holder(tmp_path / "lock") == os.getpid()
    background.sign(lock, os.getppid())
    assert background.holder(tmp_path / "lock") is None
    os.close(lock)


def test_ending_a_process_ends_what_it_has_started_too(tmp_path: Path) -> None:
    lock = locks.acquire(tmp_path / "lock")
    child = start(KEEP.replace("print", "import os; os.fork() or print"), pass_fds=(lock,), start_new_session=True)
    background.sign(lock, child.pid)
    os.close(lock)
    background.end(tmp_path / "lock")
    assert not locks.is_held(tmp_path / "lock")
    child.communicate()
