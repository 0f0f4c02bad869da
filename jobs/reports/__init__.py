"""What is taken along as text: HTML, Markdown, CSV, model cards.

May import store, results and core. Tests: tests/jobs/test_reports.py, test_csv_tables.py.
"""
