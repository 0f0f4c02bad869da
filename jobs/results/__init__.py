"""What finished runs say: groups of seeds, comparisons, judges of labels, photo sets.

May import store, running and core. Tests: tests/jobs/test_comparing.py, test_photo_sets.py, test_photo_calibration.py.
"""
