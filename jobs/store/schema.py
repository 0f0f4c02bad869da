"""The tables of the run store. Times are seconds since 1970 in UTC; durations are seconds."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
)

from jobs.people import LONGEST_ID
from jobs.store.engines.columns import Line, Lines

REVISION = "0009"
LONGEST_NAME = 200
LONGEST_PERSON = 100
LONGEST_SUBJECT = LONGEST_ID + len("group:")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _run_key() -> Column[str]:
    return Column("run_id", String(16), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)


runs = Table(
    "runs",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", Line(LONGEST_NAME), nullable=False),
    Column("preset", Line(50), nullable=False),
    Column("model", Line(50), nullable=False),
    Column("seed", Integer, nullable=False),
    Column("epochs", Integer, nullable=False),
    Column("config", JSON, nullable=False),
    Column("environment", JSON, nullable=False),
    Column("status", String(20), nullable=False),
    Column("status_since", Float, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("ended_at", Float),
    Column("queue_position", Float, nullable=False),
    Column("queued_s", Float, nullable=False, server_default="0"),
    Column("work_s", Float, nullable=False, server_default="0"),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("host", Line(200)),
    Column("pid", Integer),
    Column("device", Line(50)),
    Column("threads", Integer),
    Column("parameters_total", Integer),
    Column("parameters_trained", Integer),
    Column("pretrained", JSON),
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("batch", Integer, nullable=False, server_default="0"),
    Column("batches", Integer, nullable=False, server_default="0"),
    Column("progress_at", Float),
    Column("images_per_s", Float),
    Column("best_epoch", Integer),
    Column("best_val_loss", Float),
    Column("best_val_accuracy", Float),
    Column("test_loss", Float),
    Column("test_accuracy", Float),
    Column("test_count", Integer),
    Column("error_kind", Line(20)),
    Column("error_message", Lines),
    Column("error_advice", Lines),
    # Revision 0002
    Column("deaths", Integer, nullable=False, server_default="0"),
    Column("inexact_because", Lines),
    Column("warning", Lines),
    Column("group_id", String(16)),
    Column("cloned_from", String(16)),
    Column("note", Lines, nullable=False, server_default=""),
    Column("pinned", Boolean, nullable=False, server_default=false()),
    Column("archived_at", Float),
    # Revision 0003
    Column("prediction_images_per_s", Float),
    # Revision 0006
    Column("data_set", JSON(none_as_null=True)),
    # Revision 0008
    Column("owner", Line(LONGEST_ID)),
    # Revision 0009
    Column("lease_until", Float),
    Column("slot", String(10)),
    Index(None, "status", "queue_position"),
    # Without it SQLite sorts all finished runs to find the newest.
    Index(None, "status", "created_at"),
    Index(None, "created_at"),
    Index(None, "group_id"),
    Index(None, "owner", "ended_at"),
)

epochs = Table(
    "epochs",
    metadata,
    _run_key(),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("train_loss", Float, nullable=False),
    Column("train_accuracy", Float, nullable=False),
    Column("val_loss", Float, nullable=False),
    Column("val_accuracy", Float, nullable=False),
    Column("learning_rate", Float, nullable=False),
    Column("duration_s", Float, nullable=False),
    # Revision 0006
    Column("val_balanced_accuracy", Float),
    Column("val_macro_f1", Float),
)

predictions = Table(
    "predictions",
    metadata,
    _run_key(),
    Column("split", String(20), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("labels", LargeBinary, nullable=False),
    Column("log_probabilities", LargeBinary, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    _run_key(),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("host", Line(200), nullable=False),
    Column("started_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("start_epoch", Integer, nullable=False),
    Column("start_batch", Integer, nullable=False),
    Column("outcome", Line(200)),
)

nodes = Table(
    "nodes",
    metadata,
    Column("name", Line(200), primary_key=True),
    Column("seen_at", Float, nullable=False),
    Column("facts", JSON, nullable=False),
)
"""The machines of a cluster, each as it last told of itself; `seen_at` by the clock of the database."""

tags = Table(
    "tags",
    metadata,
    _run_key(),
    Column("tag", Line(50), primary_key=True),
    Index(None, "tag"),
)

photo_sets = Table(
    "photo_sets",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", Line(LONGEST_NAME), nullable=False, unique=True),
    Column("created_at", Float, nullable=False),
)

photos = Table(
    "photos",
    metadata,
    Column("set_id", String(16), ForeignKey("photo_sets.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("name", Lines, nullable=False),
    Column("label", Integer, nullable=False),
)

photo_answers = Table(
    "photo_answers",
    metadata,
    _run_key(),
    Column("set_id", String(16), ForeignKey("photo_sets.id", ondelete="CASCADE"), primary_key=True),
    Column("photo_path", Integer, nullable=False),
    Column("verdicts", Text, nullable=False),
)

label_marks = Table(
    "label_marks",
    metadata,
    Column("data", String(64), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("person", Line(LONGEST_PERSON), primary_key=True),
    Column("label", Integer),
    Column("marked_at", Float, nullable=False),
)
"""What people say of labels: `data` as RunConfig names it, no `label` for an image that cannot be used."""

people = Table(
    "people",
    metadata,
    Column("id", Line(LONGEST_ID), primary_key=True),
    Column("name", Line(LONGEST_NAME), nullable=False),
    Column("first_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
    Column("looked_at", Float),
    Column("removed_at", Float),
)
"""Who has signed in; `looked_at` is when they last looked at their inbox."""

roles = Table(
    "roles",
    metadata,
    Column("subject", Line(LONGEST_SUBJECT), primary_key=True),
    Column("role", String(10), nullable=False),
    Column("given_by", Line(LONGEST_ID), nullable=False),
    Column("given_at", Float, nullable=False),
)
"""The roles of people by their id, or of a provider's group, whose name follows "group:"."""

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("person", Line(LONGEST_ID), nullable=False),
    Column("begun_at", Float, nullable=False),
    Column("ended_at", Float),
)

changes = Table(
    "changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False, index=True),
    Column("person", Line(LONGEST_ID), nullable=False, index=True),
    Column("person_name", Line(LONGEST_NAME), nullable=False),
    Column("action", Line(40), nullable=False),
    Column("run_id", String(16), index=True),
    Column("subject", Line(LONGEST_NAME), nullable=False, server_default=""),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
)
"""Who did what; triggers refuse to change or delete a row. It outlives the runs that it speaks of."""

comments = Table(
    "comments",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("thread", String(16), nullable=False, index=True),
    Column("about", String(20), nullable=False),
    Column("subject", Line(300), nullable=False),
    Column("view", Lines, nullable=False),
    Column("person", Line(LONGEST_ID), nullable=False, index=True),
    Column("text", Lines, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("edited_at", Float),
    Column("resolved_at", Float),
    Column("resolved_by", Line(LONGEST_ID)),
    Column("deleted_at", Float),
    Index("ix_comments_subject", "about", "subject"),
)
"""What people say of a run, comparison, image or photo; `thread` is the id of the comment that began it, and `view` the
address, from the page's name on, that shows what they saw."""

mentions = Table(
    "mentions",
    metadata,
    Column("comment_id", String(16), ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True),
    Column("person", Line(LONGEST_ID), primary_key=True, index=True),
)

reviews = Table(
    "reviews",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", String(16), ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("state", String(20), nullable=False, index=True),
    Column("person", Line(LONGEST_ID), nullable=False),
    Column("asked_of", Line(LONGEST_ID)),
    Column("why", Lines, nullable=False, server_default=""),
    Column("at", Float, nullable=False, index=True),
)
"""Each step of the review of a run; the last one counts."""

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("event", String(30), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_at", Float, index=True),
    Column("delivered_at", Float),
    Column("problem", Lines),
)
"""What is to be told outside; `next_at` is None once it is delivered or given up."""

store_settings = Table(
    "shop",
    metadata,
    Column("key", String(50), primary_key=True),
    Column("value", JSON, nullable=False),
)
