"""Runs, their epochs and their predictions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("preset", sa.String(50), nullable=False),
        sa.Column("model", sa.String(50), nullable=False),
        sa.Column("seed", sa.Integer, nullable=False),
        sa.Column("epochs", sa.Integer, nullable=False),
        sa.Column("config", sa.JSON, nullable=False),
        sa.Column("environment", sa.JSON, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("status_since", sa.Float, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("started_at", sa.Float),
        sa.Column("ended_at", sa.Float),
        sa.Column("queue_position", sa.Float, nullable=False),
        sa.Column("queued_s", sa.Float, nullable=False, server_default="0"),
        sa.Column("work_s", sa.Float, nullable=False, server_default="0"),
        sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
        sa.Column("host", sa.String(200)),
        sa.Column("pid", sa.Integer),
        sa.Column("device", sa.String(50)),
        sa.Column("threads", sa.Integer),
        sa.Column("parameters_total", sa.Integer),
        sa.Column("parameters_trained", sa.Integer),
        sa.Column("pretrained", sa.JSON),
        sa.Column("epoch", sa.Integer, nullable=False, server_default="0"),
        sa.Column("batch", sa.Integer, nullable=False, server_default="0"),
        sa.Column("batches", sa.Integer, nullable=False, server_default="0"),
        sa.Column("progress_at", sa.Float),
        sa.Column("images_per_s", sa.Float),
        sa.Column("best_epoch", sa.Integer),
        sa.Column("best_val_loss", sa.Float),
        sa.Column("best_val_accuracy", sa.Float),
        sa.Column("test_loss", sa.Float),
        sa.Column("test_accuracy", sa.Float),
        sa.Column("test_count", sa.Integer),
        sa.Column("error_kind", sa.String(20)),
        sa.Column("error_message", sa.Text),
        sa.Column("error_advice", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_status_queue_position", "runs", ["status", "queue_position"])
    op.create_index("ix_runs_created_at", "runs", ["created_at"])
    op.create_table(
        "epochs",
        sa.Column("run_id", sa.String(16), nullable=False),
        sa.Column("epoch", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("train_loss", sa.Float, nullable=False),
        sa.Column("train_accuracy", sa.Float, nullable=False),
        sa.Column("val_loss", sa.Float, nullable=False),
        sa.Column("val_accuracy", sa.Float, nullable=False),
        sa.Column("learning_rate", sa.Float, nullable=False),
        sa.Column("duration_s", sa.Float, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_epochs_run_id_runs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "epoch", name="pk_epochs"),
    )
    op.create_table(
        "predictions",
        sa.Column("run_id", sa.String(16), nullable=False),
        sa.Column("split", sa.String(20), nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("labels", sa.LargeBinary, nullable=False),
        sa.Column("log_probabilities", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_predictions_run_id_runs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "split", name="pk_predictions"),
    )


def downgrade() -> None:
    op.drop_table("predictions")
    op.drop_table("epochs")
    op.drop_table("runs")
