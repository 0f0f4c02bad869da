"""How a run gets done: queue, supervisor, trainer, edits.

May import store and core. Tests, with real processes: tests/jobs/test_supervisor.py, test_attempts.py, test_queue.py.
"""
