"""What people have their labelled pictures in, as one listing: folders, tables, IDX and parquet files, zips of them.

May import statistics, photos and labelling. Tests: tests/core/datasets/test_readers.py.
"""
