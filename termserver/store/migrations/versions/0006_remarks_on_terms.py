"""What the engine remarks on a term is kept with its candidates.

Revision: 0006, after 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, empty: the next run of the engine fills it."""
    op.add_column("candidate_set", sa.Column("remarks", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("candidate_set", "remarks")
