"""One trainer's first batches in a process of its own: python -m tests.benchmarks.fresh_start CONFIG DATA.

CONFIG is a configuration as JSON, DATA the data folder. Prints as JSON when the first batch was done (seconds since
1970) and the peak memory (MB) after 20 batches, a checkpoint and an evaluation.
"""

import itertools
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from core.config import RunConfig
from core.data import fashion_mnist
from core.learning.evaluation import log_probabilities
from core.learning.training import Training

RUSAGE_UNIT = 1 if sys.platform == "darwin" else 1024


def main() -> None:
    """Train a little and print what was found."""
    config, data = RunConfig.model_validate_json(sys.argv[1]), fashion_mnist.load(Path(sys.argv[2]))
    with tempfile.TemporaryDirectory() as folder:
        training = Training(config, data, Path(folder))
        events = training.events()
        next(events)
        first_batch = time.time()
        for _ in itertools.islice(events, 20):
            pass
        training.save_checkpoint()
        log_probabilities(training.model, data.test_images, config)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RUSAGE_UNIT / 1e6
    print(json.dumps({"first_batch": first_batch, "peak": peak}))


if __name__ == "__main__":
    main()
