"""What several pages show: downloads, calibration, faults of the data, matrix and gallery, neighbours, studies,
comments.

Imports no other room of sections. Tests: tests/dashboard/test_calibration_section.py, test_data_faults.py,
test_comments.py.
"""
