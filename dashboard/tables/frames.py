"""Composed tables as the DataFrames that Streamlit shows."""

import pandas as pd

from jobs.reports.document import Table


def as_frame(table: Table) -> pd.DataFrame:
    """The rows and columns as they are."""
    return pd.DataFrame(list(table.rows), columns=list(table.header))


def with_names(table: Table) -> pd.DataFrame:
    """The same with the first column as the names of the rows."""
    return as_frame(table).set_index(table.header[0]).rename_axis(None)
