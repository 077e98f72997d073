"""Versions that are being stored

Revision: 0004, after 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "staged_load",
        sa.Column("code_system_id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=300), nullable=False),
        sa.Column("beat_at", sa.String(length=30), nullable=False),
        sa.ForeignKeyConstraint(
            ["code_system_id"], ["code_system.id"], name=op.f("fk_staged_load_code_system_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("code_system_id", name=op.f("pk_staged_load")),
    )


def downgrade() -> None:
    """Drop it, with what is half-stored."""
    op.execute("DELETE FROM code_system WHERE id IN (SELECT code_system_id FROM staged_load)")
    op.drop_table("staged_load")
