"""Who starts trainers, where, and watches over them: the supervisor, its launchers, and what runs on other machines.

May import every room below tasks. Tests: tests/jobs/test_supervisor.py, test_leases.py, test_ray_api.py; tests/cluster.
"""
