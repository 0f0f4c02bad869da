"""The commands of a cluster: node, which lets a machine take part, and machines, which shows them.

May import every room of jobs, and jobs/cli. Tests: tests/jobs/test_cluster_commands.py.
"""
