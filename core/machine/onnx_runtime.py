"""ONNX Runtime, told to report nothing. Everybody imports it from here.

As it comes, onnxruntime writes a device id and a database of events into the user's cache when it is imported, and asks
a Microsoft host for the way to send them. Only this variable, set before the first import, prevents both:
`disable_telemetry_events()` afterwards leaves the files.
"""

import os

os.putenv("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime  # noqa: E402

__all__ = ["onnxruntime"]
