"""The true classes of photos, as folders and tables state them: for certain, or with a reason. Free of torch.

May import photos and statistics. Tests: tests/core/test_photo_labels.py, test_label_tables.py, test_class_names.py.
"""
