"""Columns of text that people write, the same in every database."""

from typing import Any

from sqlalchemy import String, Text, TypeDecorator

from core.texts import clean_lines, clean_name


class Line(TypeDecorator[str]):
    """Text of one line that people write, as it can be shown: a store from elsewhere may hold anything."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Any) -> str | None:
        """What is stored."""
        return _without_nul(value)

    def process_result_value(self, value: str | None, _dialect: Any) -> str | None:
        """What is shown of what is stored."""
        return clean_name(value) if isinstance(value, str) else value


class Lines(TypeDecorator[str]):
    """The same of several lines."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Any) -> str | None:
        """What is stored."""
        return _without_nul(value)

    def process_result_value(self, value: str | None, _dialect: Any) -> str | None:
        """What is shown of what is stored."""
        return clean_lines(value) if isinstance(value, str) else value


def _without_nul(value: str | None) -> str | None:
    """Without the one character that Postgres cannot keep; a message of the system may hold it."""
    return value.replace("\0", "") if isinstance(value, str) else value
