"""The parts of Predict.

May import the shared sections, no other page's. Tests: tests/dashboard/test_predict_page.py.
"""
