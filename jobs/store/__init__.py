"""The run store and the files of runs: schema, migrations, queries, locks, ids.

May import core and its engines; no other room of jobs. Tests: tests/jobs/test_records.py, test_blobs.py, test_store.py.
"""
