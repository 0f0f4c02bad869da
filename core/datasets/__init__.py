"""Versions of data sets on disk: imported whole or not at all, checked, split without leaks, opened. Free of torch.

May import data, machine, statistics, photos, labelling, readers and pixels. Tests: tests/core/datasets.
"""
