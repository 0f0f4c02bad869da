"""Attempts, groups, tags, notes, archive, and settings shared by everybody who uses the store."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _new_columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("deaths", sa.Integer, nullable=False, server_default="0"),
        sa.Column("inexact_because", sa.Text),
        sa.Column("warning", sa.Text),
        sa.Column("group_id", sa.String(16)),
        sa.Column("cloned_from", sa.String(16)),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("pinned", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("archived_at", sa.Float),
    )


def upgrade() -> None:
    for column in _new_columns():
        op.add_column("runs", column)
    op.create_index("ix_runs_group_id", "runs", ["group_id"])
    op.create_table(
        "attempts",
        sa.Column("run_id", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("host", sa.String(200), nullable=False),
        sa.Column("started_at", sa.Float, nullable=False),
        sa.Column("ended_at", sa.Float),
        sa.Column("start_epoch", sa.Integer, nullable=False),
        sa.Column("start_batch", sa.Integer, nullable=False),
        sa.Column("outcome", sa.String(200)),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_attempts_run_id_runs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "attempt", name="pk_attempts"),
    )
    op.create_table(
        "tags",
        sa.Column("run_id", sa.String(16), nullable=False),
        sa.Column("tag", sa.String(50), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_tags_run_id_runs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "tag", name="pk_tags"),
    )
    op.create_index("ix_tags_tag", "tags", ["tag"])
    op.create_table(
        "shop",
        sa.Column("key", sa.String(50), nullable=False),
        sa.Column("value", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_shop"),
    )


def downgrade() -> None:
    op.drop_table("shop")
    op.drop_table("tags")
    op.drop_table("attempts")
    op.drop_index("ix_runs_group_id", "runs")
    with op.batch_alter_table("runs") as batch:
        for column in _new_columns():
            batch.drop_column(column.name)
