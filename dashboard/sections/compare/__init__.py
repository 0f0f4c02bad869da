"""The parts of Compare.

May import the shared sections, no other page's. Tests: tests/dashboard/test_compare_page.py, test_recipes.py.
"""
