"""Convolutions, pooling and batch norm with less arithmetic and the same result.

May import machine. Tests: tests/core/test_models.py.
"""
