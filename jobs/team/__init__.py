"""Who may do what, who has done what, and what reviewers say of it; what is told outside, and how the server stands.

May import jobs.store and core. Tests: tests/jobs/test_permission.py, test_comments.py, test_reviews.py, test_inbox.py,
test_deliveries.py, test_health.py.
"""
