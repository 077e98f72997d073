"""Closure tables of $closure.

Revision: 0005, after 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "closure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.String(length=30), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closure")),
        sa.UniqueConstraint("name", name=op.f("uq_closure_name")),
    )
    op.create_table(
        "closure_concept",
        sa.Column("closure_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("added_in", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["closure_id"], ["closure.id"], name=op.f("fk_closure_concept_closure_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("closure_id", "number", name=op.f("pk_closure_concept")),
    )


def downgrade() -> None:
    """Drop them: clients begin their closure tables anew."""
    op.drop_table("closure_concept")
    op.drop_table("closure")
