"""Long tasks in processes of their own: studies, packages and imports of what was uploaded.

May import every room of jobs but the command line. Tests: tests/jobs/test_studies.py, test_packing.py, test_uploads.py.
"""
