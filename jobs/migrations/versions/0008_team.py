"""People, their roles, what they did, what they say of runs, and what is told outside."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_ID, _PERSON = sa.String(16), sa.String(254)
_FOREVER = {
    "sqlite": (
        "CREATE TRIGGER changes_are_not_{0}d BEFORE {1} ON changes "
        "BEGIN SELECT RAISE(ABORT, 'the record of changes is only added to'); END"
    ),
    "postgresql": (
        "CREATE TRIGGER changes_are_not_{0}d BEFORE {1} ON changes "
        "FOR EACH ROW EXECUTE FUNCTION refuse_to_change_the_record()"
    ),
}


def upgrade() -> None:
    with op.batch_alter_table("runs") as runs:
        runs.add_column(sa.Column("owner", _PERSON))
        runs.create_index("ix_runs_owner_ended_at", ["owner", "ended_at"])
    op.create_table(
        "people",
        sa.Column("id", _PERSON, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("first_at", sa.Float, nullable=False),
        sa.Column("seen_at", sa.Float, nullable=False),
        sa.Column("looked_at", sa.Float),
        sa.Column("removed_at", sa.Float),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
    )
    op.create_table(
        "roles",
        sa.Column("subject", sa.String(260), nullable=False),
        sa.Column("role", sa.String(10), nullable=False),
        sa.Column("given_by", _PERSON, nullable=False),
        sa.Column("given_at", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_roles"),
    )
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("person", _PERSON, nullable=False),
        sa.Column("begun_at", sa.Float, nullable=False),
        sa.Column("ended_at", sa.Float),
        sa.PrimaryKeyConstraint("id", name="pk_sign_ins"),
    )
    _create_changes()
    _create_reviews()
    op.create_table(
        "deliveries",
        sa.Column("id", _ID, nullable=False),
        sa.Column("event", sa.String(30), nullable=False),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("next_at", sa.Float),
        sa.Column("delivered_at", sa.Float),
        sa.Column("problem", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
    )
    op.create_index("ix_deliveries_next_at", "deliveries", ["next_at"])


def _create_changes() -> None:
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("person", _PERSON, nullable=False),
        sa.Column("person_name", sa.String(200), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("run_id", _ID),
        sa.Column("subject", sa.String(200), nullable=False, server_default=""),
        sa.Column("before", sa.JSON),
        sa.Column("after", sa.JSON),
        sa.PrimaryKeyConstraint("id", name="pk_changes"),
    )
    op.create_index("ix_changes_run_id", "changes", ["run_id"])
    op.create_index("ix_changes_person", "changes", ["person"])
    op.create_index("ix_changes_at", "changes", ["at"])
    dialect = op.get_bind().dialect.name
    if dialect == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_to_change_the_record() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the record of changes is only added to'; END $$"
        )
    for word, kind in (("update", "UPDATE"), ("delete", "DELETE")):
        op.execute(_FOREVER[dialect].format(word, kind))


def _create_reviews() -> None:
    op.create_table(
        "comments",
        sa.Column("id", _ID, nullable=False),
        sa.Column("thread", _ID, nullable=False),
        sa.Column("about", sa.String(20), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column("view", sa.Text, nullable=False),
        sa.Column("person", _PERSON, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("edited_at", sa.Float),
        sa.Column("resolved_at", sa.Float),
        sa.Column("resolved_by", _PERSON),
        sa.Column("deleted_at", sa.Float),
        sa.PrimaryKeyConstraint("id", name="pk_comments"),
    )
    op.create_index("ix_comments_subject", "comments", ["about", "subject"])
    op.create_index("ix_comments_thread", "comments", ["thread"])
    op.create_index("ix_comments_person", "comments", ["person"])
    op.create_table(
        "mentions",
        sa.Column("comment_id", _ID, nullable=False),
        sa.Column("person", _PERSON, nullable=False),
        sa.PrimaryKeyConstraint("comment_id", "person", name="pk_mentions"),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], ondelete="CASCADE", name="fk_mentions_comment_id_comments"
        ),
    )
    op.create_index("ix_mentions_person", "mentions", ["person"])
    op.create_table(
        "reviews",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("run_id", _ID, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("person", _PERSON, nullable=False),
        sa.Column("asked_of", _PERSON),
        sa.Column("why", sa.Text, nullable=False, server_default=""),
        sa.Column("at", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reviews"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], ondelete="CASCADE", name="fk_reviews_run_id_runs"),
    )
    for column in ("run_id", "state", "at"):
        op.create_index(f"ix_reviews_{column}", "reviews", [column])


def downgrade() -> None:
    for table in ("deliveries", "reviews", "mentions", "comments", "changes", "sign_ins", "roles", "people"):
        op.drop_table(table)
    with op.batch_alter_table("runs") as runs:
        runs.drop_index("ix_runs_owner_ended_at")
        runs.drop_column("owner")
