"""What people say of the labels of data sets."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "label_marks",
        sa.Column("data", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("person", sa.String(100), nullable=False),
        sa.Column("label", sa.Integer),
        sa.Column("marked_at", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("data", "position", "person", name="pk_label_marks"),
    )


def downgrade() -> None:
    op.drop_table("label_marks")
