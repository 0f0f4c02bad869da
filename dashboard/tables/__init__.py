"""What only pages say in tables and figures, as pure functions, and tables of jobs/reports as DataFrames.

Never imports Streamlit.

Tests: tests/dashboard/test_run_charts_and_tables.py, test_comparison_tables.py.
"""
