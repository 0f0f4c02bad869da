"""What a classifier is and how it learns, in rooms; nothing here knows of runs, stores or pages.

Beside the rooms lie what every room may use: the ten classes, the configuration and its presets, errors, texts, and
the registry of architectures. They import nothing of the house. Tests: tests/core.
"""
