"""What is taken along as text (HTML, Markdown, CSV, model cards), and the tables in words, which pages show too.

May import store, results and core. Tests: tests/jobs/test_reports.py, test_word_tables.py, test_csv_tables.py.
"""
