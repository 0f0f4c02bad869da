"""How a model learns: training, checkpoints and resumption, augmentation, pretrained weights, evaluation.

May import machine, data and models. Tests: tests/core/test_training.py, test_checkpoints.py,
test_resumption.py, test_augmentation.py, test_pretrained.py, test_any_data.py.
"""
