"""What a trained model says, and why: prediction, verdict, features, neighbours, Grad-CAM, export.

May import every other room of core. Tests: tests/core/test_prediction.py, test_verdict.py, test_grad_cam.py,
test_neighbours.py, test_export.py, test_class_sets.py.
"""
