"""Figures of answers, and whether they differ: metrics, intervals, tests, calibration, label errors. Free of torch.

Imports only what lies beside the rooms of core. Tests compare with scikit-learn and scipy: tests/core/test_metrics.py,
test_intervals.py, test_significance.py, test_calibration.py, test_conformal.py.
"""
