"""How the databases that a run store may be are connected to, and how their transactions begin.

Tests: tests/jobs/test_store.py, tests/jobs/test_postgres.py.
"""
