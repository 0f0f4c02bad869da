"""From the bytes of a file to what a model sees: archives, the decoding process, the cut-out, the 28x28 image.

May import machine and statistics. Tests: tests/core/test_model_view.py, test_photo_files.py, test_decoder.py.
"""
