"""Machines of a cluster: what each is, until when a run is leased, and what it takes of a machine.

And an index for the newest runs of a state, which SQLite otherwise sorts all runs for.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    with op.batch_alter_table("runs") as runs:
        runs.add_column(sa.Column("lease_until", sa.Float))
        runs.add_column(sa.Column("slot", sa.String(10)))
    op.create_index("ix_runs_status_created_at", "runs", ["status", "created_at"])
    op.create_table(
        "nodes",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("seen_at", sa.Float, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_nodes"),
    )


def downgrade() -> None:
    op.drop_table("nodes")
    op.drop_index("ix_runs_status_created_at", "runs")
    with op.batch_alter_table("runs") as runs:
        for column in ("slot", "lease_until"):
            runs.drop_column(column)
