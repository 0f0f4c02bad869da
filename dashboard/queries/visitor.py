"""Who looks at the page."""

from jobs.people import Person, operator


def person() -> Person:
    """Who looks at the page: without sign-in whoever runs the server."""
    return operator()
