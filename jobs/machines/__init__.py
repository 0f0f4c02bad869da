"""The machines of a cluster: what each is, whether it is there, and which run it is given.

May import store and core. Tests: tests/jobs/test_placing.py, test_nodes.py.
"""
