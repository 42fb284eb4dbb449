"""What jobs have failed with; runs of all organisations, for platform admins to see."""

from alembic import op

from folkmoot.db.policies import PLATFORM, let_read
from folkmoot.db.roles import Role

revision = "0043_dead_letters"
down_revision = "0042_usage_days"

TABLE = """
CREATE TABLE job_errors (
  job_id bigint NOT NULL,
  error text NOT NULL,
  location text,
  at timestamptz NOT NULL,
  CONSTRAINT pk_job_errors PRIMARY KEY (job_id),
  CONSTRAINT procrastinate_job FOREIGN KEY (job_id)
    REFERENCES procrastinate_jobs (id) ON DELETE CASCADE
);
CREATE INDEX ix_procrastinate_jobs_failed ON procrastinate_jobs (id) WHERE status = 'failed';
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON job_errors TO {Role.APP}")
    let_read("runs", "platform", PLATFORM)


def downgrade() -> None:
    op.execute("DROP POLICY platform ON runs")
    op.execute("DROP INDEX ix_procrastinate_jobs_failed")
    op.execute("DROP TABLE job_errors")
