"""Reports as HTML, Markdown and CSV, model cards, and the tables in words, which pages and commands show too.

May import store, results and core. Tests: tests/jobs/test_reports.py, test_word_tables.py, test_csv_tables.py.
"""
