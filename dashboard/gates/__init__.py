"""What stands between the network and the pages where people sign in; nothing here draws anything.

May import jobs and dashboard. Tests: tests/dashboard/test_gates.py, test_start_check.py, tests/browser/test_sign_in.py.
"""
