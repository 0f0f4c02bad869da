"""The foreground of a photo, what catches the eye, by the small U2-Net (Qin et al. 2020)."""

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from core.machine.threads import threads_here

MODEL_FILE = Path(__file__).parent.parent / "assets" / "u2netp.onnx"
SIDE = 192
"""Side, in pixels, that a photo is squeezed to. At 320, where the model was trained, it takes three times as long."""

_MEAN = np.array((0.485, 0.456, 0.406), np.float32)
_STD = np.array((0.229, 0.224, 0.225), np.float32)


def foreground(pixels: np.ndarray) -> np.ndarray:
    """How far each pixel of uint8 (h, w, 3) belongs to what the photo shows: float32 (h, w), 0 to 1."""
    height, width = pixels.shape[:2]
    squeezed = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    shares = np.asarray(squeezed, dtype=np.float32) / max(1, int(np.asarray(squeezed).max()))
    inputs = ((shares - _MEAN) / _STD).transpose(2, 0, 1)[None]
    (masks,) = _session(threads_here()).run(None, {"photo": inputs})
    return np.asarray(Image.fromarray(masks[0, 0]).resize((width, height), Image.Resampling.BILINEAR))


@cache
def _session(threads: int):  # type: ignore[no-untyped-def]
    # It takes a while to import, and only photos need it.
    from core.machine.onnx_runtime import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that wait must not keep a core busy: trainings run beside.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    for name in ("height", "width"):
        options.add_free_dimension_override_by_name(name, SIDE)
    return onnxruntime.InferenceSession(MODEL_FILE, options, providers=["CPUExecutionProvider"])
