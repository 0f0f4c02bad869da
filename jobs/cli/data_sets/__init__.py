"""data: data sets on the command line.

May import the command line's own parts and whatever they may. Tests: tests/jobs/test_data_commands.py and
test_correcting_labels.py.
"""
