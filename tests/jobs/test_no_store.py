"""A test that forgets to make a store of its own finds none, least of all that of this installation."""

import pytest

from jobs.running.background import open_here
from jobs.settings import settings
from jobs.store.store_errors import StoreError


def test_no_test_opens_the_store_of_this_installation() -> None:
    settings.cache_clear()
    with pytest.raises(StoreError, match="folder /nonexistent/lookbook of the run store does not exist"):
        open_here()
