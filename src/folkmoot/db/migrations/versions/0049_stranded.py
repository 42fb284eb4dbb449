"""What runs have asked that will never go on with it."""

from alembic import op

from folkmoot.db.policies import lookup_function

revision = "0049_stranded"
down_revision = "0046_attachments"

STRANDED = """
SELECT DISTINCT a.org_id, a.run_id FROM approvals AS a
JOIN runs AS r ON r.org_id = a.org_id AND r.id = a.run_id
WHERE a.state = 'pending' AND r.state NOT IN ('queued', 'running', 'interrupted') LIMIT most
"""


def upgrade() -> None:
    lookup_function(
        "approvals_stranded(most integer)", STRANDED, returns="TABLE (org_id uuid, run_id uuid)"
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION approvals_stranded")
