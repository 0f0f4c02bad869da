"""Fashion-MNIST on disk and as tensors: where it comes from, what it must be, how an image is prepared.

Imports only what lies beside the rooms of core. Tests: tests/core/test_fashion_mnist.py, test_sources.py,
test_by_hand.py.
"""
