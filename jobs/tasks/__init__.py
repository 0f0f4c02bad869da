"""Long tasks in processes of their own: studies and packages.

May import every room of jobs but the command line. Tests: tests/jobs/test_studies.py, test_packing.py.
"""
