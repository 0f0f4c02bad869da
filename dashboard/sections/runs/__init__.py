"""The parts of Runs and of the page of a run.

May import the shared sections, no other page's. Tests: tests/dashboard/test_runs_page.py, test_run_actions.py,
test_review_section.py.
"""
