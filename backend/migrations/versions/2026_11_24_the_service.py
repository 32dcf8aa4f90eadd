"""The tables of the service: accounts, points, photos, templates and tasks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "email_codes",
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_email_codes")),
    )
    op.create_index("ix_email_codes_email_created_at", "email_codes", ["email", "created_at"], unique=False)
    op.create_index(op.f("ix_email_codes_expires_at"), "email_codes", ["expires_at"], unique=False)
    op.create_table(
        "emoji_templates",
        sa.Column("driven_id", sa.String(length=64), nullable=False),
        sa.Column("engine", sa.String(length=32), nullable=False),
        sa.Column("name", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("category", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("caption", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("driven_id", name=op.f("pk_emoji_templates")),
    )
    op.create_table(
        "users",
        sa.Column("nickname", sa.String(length=40), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("is_superuser", sa.Boolean(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_table(
        "devices",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("device_hash", sa.String(length=64), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_devices_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("device_hash", name=op.f("uq_devices_device_hash")),
    )
    op.create_index(op.f("ix_devices_user_id"), "devices", ["user_id"], unique=False)
    op.create_table(
        "ledger_entries",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("reference", sa.String(length=128), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("balance_after", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_ledger_entries_amount_not_zero")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_ledger_entries_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
        sa.UniqueConstraint("kind", "reference", name=op.f("uq_ledger_entries_kind_reference")),
    )
    op.create_index(
        "ix_ledger_entries_user_id_id", "ledger_entries", ["user_id", sa.literal_column("id DESC")], unique=False
    )
    op.create_table(
        "photos",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=True),
        sa.Column("content_type", sa.String(length=40), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("detection", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status <> 'ready' OR deleted_at IS NOT NULL OR key IS NOT NULL", name=op.f("ck_photos_ready_has_file")
        ),
        sa.CheckConstraint("status IN ('pending', 'ready', 'refused')", name=op.f("ck_photos_status")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_photos_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photos")),
    )
    op.create_index(
        "ix_photos_expires_at", "photos", ["expires_at"], unique=False, postgresql_where=sa.text("key IS NOT NULL")
    )
    op.create_index(op.f("ix_photos_user_id"), "photos", ["user_id"], unique=False)
    op.create_table(
        "point_accounts",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("balance >= 0", name=op.f("ck_point_accounts_balance_not_negative")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_point_accounts_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_point_accounts")),
    )
    op.create_table(
        "emoji_tasks",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("photo_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("driven_id", sa.String(length=64), nullable=False),
        sa.Column("caption", sa.String(length=40), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("engine", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("progress", sa.SmallInteger(), nullable=False),
        sa.Column("points_cost", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=128), nullable=True),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("next_enqueue_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("enqueues", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.SmallInteger(), nullable=False),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worker", sa.String(length=100), nullable=True),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("liked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_emoji_tasks_photo_id_photos")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_emoji_tasks_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emoji_tasks")),
        sa.UniqueConstraint("user_id", "idempotency_key", name=op.f("uq_emoji_tasks_user_id_idempotency_key")),
    )
    op.create_index(
        "ix_emoji_tasks_deadlines",
        "emoji_tasks",
        ["deadline_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('pending', 'processing')"),
    )
    op.create_index(
        "ix_emoji_tasks_due",
        "emoji_tasks",
        ["next_enqueue_at"],
        unique=False,
        postgresql_where=sa.text("next_enqueue_at IS NOT NULL"),
    )
    op.create_index(
        "ix_emoji_tasks_leases",
        "emoji_tasks",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("status = 'processing'"),
    )
    op.create_index(
        "ix_emoji_tasks_open",
        "emoji_tasks",
        ["user_id", "deadline_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('pending', 'processing')"),
    )
    op.create_index(op.f("ix_emoji_tasks_photo_id"), "emoji_tasks", ["photo_id"], unique=False)
    op.create_index(
        "ix_emoji_tasks_user_id_id",
        "emoji_tasks",
        ["user_id", sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_index("ix_emoji_tasks_user_id_id", table_name="emoji_tasks", postgresql_where=sa.text("deleted_at IS NULL"))
    op.drop_index(op.f("ix_emoji_tasks_photo_id"), table_name="emoji_tasks")
    op.drop_index(
        "ix_emoji_tasks_open", table_name="emoji_tasks", postgresql_where=sa.text("status IN ('pending', 'processing')")
    )
    op.drop_index("ix_emoji_tasks_leases", table_name="emoji_tasks", postgresql_where=sa.text("status = 'processing'"))
    op.drop_index(
        "ix_emoji_tasks_due", table_name="emoji_tasks", postgresql_where=sa.text("next_enqueue_at IS NOT NULL")
    )
    op.drop_index(
        "ix_emoji_tasks_deadlines",
        table_name="emoji_tasks",
        postgresql_where=sa.text("status IN ('pending', 'processing')"),
    )
    op.drop_table("emoji_tasks")
    op.drop_table("point_accounts")
    op.drop_index(op.f("ix_photos_user_id"), table_name="photos")
    op.drop_index("ix_photos_expires_at", table_name="photos", postgresql_where=sa.text("key IS NOT NULL"))
    op.drop_table("photos")
    op.drop_index("ix_ledger_entries_user_id_id", table_name="ledger_entries")
    op.drop_table("ledger_entries")
    op.drop_index(op.f("ix_devices_user_id"), table_name="devices")
    op.drop_table("devices")
    op.drop_table("users")
    op.drop_table("emoji_templates")
    op.drop_index(op.f("ix_email_codes_expires_at"), table_name="email_codes")
    op.drop_index("ix_email_codes_email_created_at", table_name="email_codes")
    op.drop_table("email_codes")
