"""What runs said of a photo set besides the probabilities: their verdicts, and by which version of the photo path."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "photo_answers",
        sa.Column("run_id", sa.String(16), nullable=False),
        sa.Column("set_id", sa.String(16), nullable=False),
        sa.Column("photo_path", sa.Integer, nullable=False),
        sa.Column("verdicts", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_photo_answers_run_id_runs", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["set_id"], ["photo_sets.id"], name="fk_photo_answers_set_id_photo_sets", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "set_id", name="pk_photo_answers"),
    )


def downgrade() -> None:
    op.drop_table("photo_answers")
