"""Tables as pure functions: plain data in, a DataFrame out. Never imports Streamlit.

Tests: tests/dashboard/test_run_charts_and_tables.py, test_comparison_tables.py.
"""
