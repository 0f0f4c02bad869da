"""What a data set is, Fashion-MNIST on disk, the split of every run, and how an image is prepared.

Imports only what lies beside the rooms of core. Tests: tests/core/test_fashion_mnist.py, test_sources.py,
test_by_hand.py, test_splits.py, test_preprocessing.py.
"""
