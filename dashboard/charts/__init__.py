"""Figures and pictures as pure functions: plain data in, a Figure or HTML out. Never imports Streamlit.

May import tables. Tests: tests/dashboard/test_run_charts_and_tables.py, test_galleries.py, test_embedding.py.
"""
