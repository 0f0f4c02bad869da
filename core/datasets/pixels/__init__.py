"""From the bytes of listed pictures to squares of one size in one file: decoded apart, kept if killed, read in parts.

May import machine, statistics, photos, labelling and readers. Tests: tests/core/datasets/test_importing.py.
"""
