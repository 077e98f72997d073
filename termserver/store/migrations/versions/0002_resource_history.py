"""History of resources, naming systems

Revision: 0002, after 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TABLES = ("code_system", "value_set", "concept_map")
_KINDS = (("CodeSystem", "code_system", "loaded_at"), ("ValueSet", "value_set", "stored_at"),
          ("ConceptMap", "concept_map", "stored_at"))  # fmt: skip


def upgrade() -> None:
    """Change the tables; what is loaded becomes version 1 of itself."""
    for table in _TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("version_id", sa.Integer(), nullable=False, server_default="1"))
            batch_op.add_column(sa.Column("is_current", sa.Boolean(), nullable=False, server_default=sa.true()))
            batch_op.add_column(sa.Column("is_live", sa.Boolean(), nullable=False, server_default=sa.true()))
            batch_op.drop_constraint(f"uq_{table}_fhir_id", type_="unique")
            batch_op.drop_constraint(f"uq_{table}_url_version", type_="unique")
            batch_op.create_index(batch_op.f(f"ix_{table}_fhir_id"), ["fhir_id"], unique=False)
        _create_unique_while_served(table)
    op.create_table(
        "naming_system",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("fhir_id", sa.String(length=64), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("version", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("stored_at", sa.String(length=30), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_naming_system")),
    )
    op.create_index(op.f("ix_naming_system_fhir_id"), "naming_system", ["fhir_id"], unique=False)
    op.create_index(op.f("ix_naming_system_url"), "naming_system", ["url"], unique=False)
    _create_unique_while_served("naming_system")
    op.create_table(
        "resource_version",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("fhir_id", sa.String(length=64), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("at", sa.String(length=30), nullable=False),
        sa.Column("person", sa.String(length=100), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=True),
        sa.Column("content_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_version")),
        sa.UniqueConstraint("kind", "fhir_id", "version_id", name=op.f("uq_resource_version_kind_fhir_id_version_id")),
    )
    op.create_index("ix_resource_version_at", "resource_version", ["at"], unique=False)
    for kind, table, moment in _KINDS:
        op.execute(
            "INSERT INTO resource_version (kind, fhir_id, version_id, action, at, person, status, content_id) "  # noqa: S608
            f"SELECT '{kind}', fhir_id, 1, 'create', {moment}, 'system', status, id FROM {table} ORDER BY {moment}, id"
        )


def _create_unique_while_served(table: str) -> None:
    for name, columns in (("current", ["fhir_id"]), ("live", ["url", "version"])):
        where = sa.text(f"is_{name}")
        op.create_index(
            f"ux_{table}_{name}", table, columns, unique=True, sqlite_where=where, postgresql_where=where
        )  # fmt: skip


def downgrade() -> None:
    """Change them back; the history is lost."""
    op.drop_table("resource_version")
    op.drop_table("naming_system")
    for table in _TABLES:
        op.execute(f"DELETE FROM {table} WHERE NOT (is_current AND is_live)")  # noqa: S608
        op.drop_index(f"ux_{table}_current", table)
        op.drop_index(f"ux_{table}_live", table)
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_index(batch_op.f(f"ix_{table}_fhir_id"))
            batch_op.create_unique_constraint(f"uq_{table}_fhir_id", ["fhir_id"])
            batch_op.create_unique_constraint(f"uq_{table}_url_version", ["url", "version"])
            batch_op.drop_column("is_live")
            batch_op.drop_column("is_current")
            batch_op.drop_column("version_id")
