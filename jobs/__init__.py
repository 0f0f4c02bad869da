"""What a run is and how it gets done: settings, run store, queue, supervisor, trainer, command line."""
