"""The parts of Data.

May import the shared sections, no other page's. Tests: tests/dashboard/test_data_page.py.
"""
