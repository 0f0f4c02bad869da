"""The parts of Home.

May import the shared sections, no other page's. Tests: tests/dashboard/test_home.py, test_review_section.py.
"""
