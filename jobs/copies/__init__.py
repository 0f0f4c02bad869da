"""The run store as a whole: backup, restore, and the move to another database.

May import what runs need. Tests: tests/jobs/test_backup.py, test_foreign_store.py, test_moving.py.
"""
