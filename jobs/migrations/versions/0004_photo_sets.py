"""Photos with known classes, kept under a name to measure runs on."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "photo_sets",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_photo_sets"),
        sa.UniqueConstraint("name", name="uq_photo_sets_name"),
    )
    op.create_table(
        "photos",
        sa.Column("set_id", sa.String(16), nullable=False),
        sa.Column("position", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("label", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["set_id"], ["photo_sets.id"], name="fk_photos_set_id_photo_sets", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("set_id", "position", name="pk_photos"),
    )


def downgrade() -> None:
    op.drop_table("photos")
    op.drop_table("photo_sets")
