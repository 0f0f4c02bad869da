"""The architectures, as rows of stages; core/architectures.py lists them and says how to add one.

May import machine and its own kernels. Tests: tests/core/test_models.py, test_threads.py.
"""
