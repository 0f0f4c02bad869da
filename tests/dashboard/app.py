"""What a page driven by AppTest says, and clicking its buttons by what is written on them."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from jobs.people import Person

OpenPage = Callable[..., AppTest]
"""Opens a page by its name, with parameters in its URL: the fixture open_page."""
Visit = Callable[[Person], None]
"""Looks at the pages from then on as somebody: the fixture visit."""


def texts(app: AppTest) -> str:
    """All that the page says, in one string."""
    kinds = (app.markdown, app.caption, app.title, app.subheader, app.error, app.warning, app.info, app.success)
    values = [str(element.value) for kind in kinds for element in kind]
    return "\n".join([*values, *(f"{metric.label} {metric.value} {metric.delta}" for metric in app.metric)])


def press(app: AppTest, label: str) -> AppTest:
    """Click the first button of that label and let the page run."""
    next(button for button in app.button if button.label == label).click()
    return app.run()
