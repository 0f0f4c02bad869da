"""What this machine is and computes with: cores, memory, device, precision, clock; and which code this is.

May import data. Tests: tests/core/test_precision.py, test_other_devices.py, test_fingerprint.py,
test_working_in_order.py.
"""
