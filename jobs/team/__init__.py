"""Who may do what, who has done what, and what reviewers say of it.

May import jobs.store and core. Tests: tests/jobs/test_permission.py, test_change_record.py.
"""
