"""What the pages read; the only room that keeps anything between two pages.

May import jobs and core. Tests: tests/dashboard/test_read_only.py, and every page.
"""
