"""Configurations of runs that are over in seconds."""

from core.presets import config_of

TINY = config_of("cnn", epochs=2, train_size=200, threads=1, seed=3)
BRIEF = config_of("cnn", epochs=1, train_size=100, threads=1, seed=3)
STEADY = config_of("cnn", epochs=2, train_size=1800, batch_size=6, threads=1, seed=3)
"""Has epochs of 300 batches, several seconds long, so that there is time to interrupt one in the middle."""
