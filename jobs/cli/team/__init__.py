"""team: people, roles and the record on the command line.

May import the command line's own parts and whatever they may. Tests: tests/jobs/test_team_commands.py.
"""
