"""What a run is and how it gets done, in rooms; nothing here knows of pages.

Beside the rooms lie the settings, which alone read the environment, and what several rooms need. Tests: tests/jobs.
"""
