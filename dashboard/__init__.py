"""What a person sees, in rooms; beside them lies what every page needs: links, pickers, wording, style.

May import jobs and core, never torch, and writes no files. Tests: tests/dashboard with AppTest, tests/browser in
Chromium.
"""
