"""What Streamlit does not have: tables with links, the gallery, the matrix, the map, each with script and styles.

May import charts and tables. Tests: tests/dashboard/test_element_sources.py; in Chromium tests/browser/test_runs.py,
test_explore.py, test_map.py.
"""
