"""The tables of a team: its people and roles, and the record of changes.

May import what reports are made of, and whatever reports may. Tests: tests/jobs/test_team_commands.py and
tests/dashboard/test_team_page.py.
"""
