"""Which data a run learnt from, and two more metrics of its epochs; nothing there means Fashion-MNIST."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("runs", sa.Column("data_set", sa.JSON(none_as_null=True)))
    op.add_column("epochs", sa.Column("val_balanced_accuracy", sa.Float))
    op.add_column("epochs", sa.Column("val_macro_f1", sa.Float))


def downgrade() -> None:
    with op.batch_alter_table("epochs") as batch:
        batch.drop_column("val_macro_f1")
        batch.drop_column("val_balanced_accuracy")
    with op.batch_alter_table("runs") as batch:
        batch.drop_column("data_set")
