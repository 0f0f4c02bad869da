"""The parts of Launch.

May import the shared sections, no other page's. Tests: tests/dashboard/test_launch_page.py.
"""
