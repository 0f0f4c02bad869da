"""The parts of Explore.

May import the shared sections, no other page's. Tests: tests/dashboard/test_explore_page.py, test_map_and_image.py.
"""
