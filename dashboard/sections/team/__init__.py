"""The parts of Team.

May import the shared sections, no other page's. Tests: tests/dashboard/test_team_page.py.
"""
