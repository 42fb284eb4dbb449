"""Erasing what is kept of a person."""

from alembic import op

from folkmoot.db.policies import BY_ORG, ORG, USER, let_lookup, lookup_function
from folkmoot.db.roles import Role

revision = "0016_personal"
down_revision = "0015_sharp"

# Where the person has something, in whatever organisation, a member there or not. LIMIT makes it a
# look-up in each organisation; otherwise the planner may read all that there is.
PLACES = f"""
SELECT o.id FROM organizations AS o
WHERE (SELECT true FROM conversations AS c WHERE c.org_id = o.id AND c.user_id = {USER} LIMIT 1)
   OR (SELECT true FROM runs AS r WHERE r.org_id = o.id AND r.user_id = {USER} LIMIT 1)
   OR (SELECT true FROM collections AS k WHERE k.org_id = o.id AND k.user_id = {USER} LIMIT 1)
"""

# Takes the contents out of the logs of runs of the person that the transaction acts for. What has
# happened and when stays, and with the digests what the chain is made of.
ERASE = f"""
WITH erased AS (
  UPDATE run_events AS e
  SET digest = sha256(e.salt || convert_to(e.payload, 'UTF8')), payload = NULL, salt = NULL
  FROM runs AS r
  WHERE r.org_id = {ORG} AND r.user_id = {USER} AND r.id = ANY (wanted)
    AND r.finished_at IS NOT NULL
    AND e.org_id = r.org_id AND e.run_id = r.id AND e.payload IS NOT NULL
  RETURNING e.run_id
)
SELECT DISTINCT run_id FROM erased
"""

# Whoever has gone got these, under an address that may be somebody else's by now: what came
# afterwards is theirs.
GONE = f"JOIN users AS u ON u.id = {USER}"
INVITED = f"""
SELECT i.org_id, i.id FROM invitations AS i {GONE} AND i.created_at <= u.deleted_at
WHERE i.email_normalized = address
"""
LETTERS = f"""
DELETE FROM letters AS l USING users AS u
WHERE u.id = {USER} AND l.created_at <= u.deleted_at AND lower(l.recipient) = lower(address)
RETURNING l.id
"""

# Takes out of the trails of all organisations where the person that the transaction acts for came
# from, what they were when something was done to them, and what they called things of their own.
# That they did something, when and to what, stays; so does what they did to others and to what is
# shared.
ABOUT = f"e.target_type = 'user' AND e.target_id = {USER}::text"
OWN = f"""
e.actor_id = {USER} AND (
  e.target_type = 'api_key'
  OR e.target_type = 'settings' AND e.target_id LIKE 'user/%'
  OR e.target_type = 'secret' AND coalesce(e.after, e.before) LIKE '%"scope":"user"%'
)
"""
FORGET = f"""
UPDATE audit_events AS e SET salt = NULL,
  client_address = CASE WHEN e.actor_id = {USER} THEN NULL ELSE e.client_address END,
  before = CASE WHEN {ABOUT} OR {OWN} THEN NULL ELSE e.before END,
  after = CASE WHEN {ABOUT} OR {OWN} THEN NULL ELSE e.after END
FROM audit_chains AS c CROSS JOIN LATERAL (
  SELECT a.seq FROM audit_events AS a WHERE a.org_id = c.org_id AND a.actor_id = {USER}
  UNION
  SELECT a.seq FROM audit_events AS a
  WHERE a.org_id = c.org_id AND a.target_type = 'user' AND a.target_id = {USER}::text
) AS theirs
WHERE e.org_id = c.org_id AND e.seq = theirs.seq AND (
  e.actor_id = {USER} AND e.client_address IS NOT NULL
  OR ({ABOUT} OR {OWN}) AND coalesce(e.before, e.after) IS NOT NULL
)
RETURNING e.org_id
"""

# As it was made in 0008_audit.
FORGET_BEFORE = f"""
UPDATE audit_events AS e SET salt = NULL,
  client_address = CASE WHEN e.actor_id = {USER} THEN NULL ELSE e.client_address END,
  before = CASE WHEN {ABOUT} THEN NULL ELSE e.before END,
  after = CASE WHEN {ABOUT} THEN NULL ELSE e.after END
WHERE e.actor_id = {USER} AND e.client_address IS NOT NULL
   OR {ABOUT} AND coalesce(e.before, e.after) IS NOT NULL
RETURNING e.org_id
"""

SEEN = {
    "organizations": "id",
    "conversations": "org_id, user_id",
}


def upgrade() -> None:
    op.execute("ALTER TABLE runs ADD erased_at timestamptz")
    op.execute("CREATE INDEX ix_invitations_email_normalized ON invitations (email_normalized)")
    op.execute(f"GRANT DELETE ON conversations TO {Role.APP}")
    for table, columns in SEEN.items():
        let_lookup(table, columns.split(", "))
    op.execute(f"GRANT SELECT (finished_at) ON runs TO {Role.LOOKUP}")
    op.execute(f"GRANT SELECT (created_at, deleted_at) ON users TO {Role.LOOKUP}")
    let_lookup("run_events", ["org_id", "run_id", "payload", "salt"], rule=BY_ORG)
    let_lookup("run_events", ["payload", "salt", "digest"], commands=["UPDATE"], rule=BY_ORG)
    let_lookup("invitations", ["org_id", "id", "email_normalized", "created_at"])
    let_lookup("letters", ["id", "recipient", "created_at"])
    let_lookup("letters", [], commands=["DELETE"])
    lookup_function("personal_places()", PLACES, returns="TABLE (org_id uuid)")
    lookup_function("runs_erase(wanted uuid[])", ERASE, returns="TABLE (run_id uuid)")
    lookup_function(
        "identity_invited(address text)",
        INVITED,
        returns="TABLE (org_id uuid, invitation_id uuid)",
    )
    lookup_function("letters_forget(address text)", LETTERS, returns="TABLE (letter_id uuid)")
    forget(FORGET)


def forget(body: str) -> None:
    op.execute("DROP FUNCTION audit_forget")
    lookup_function("audit_forget()", body, returns="TABLE (org_id uuid)")


def downgrade() -> None:
    forget(FORGET_BEFORE)
    op.execute("DROP FUNCTION personal_places, runs_erase, identity_invited, letters_forget")
    op.execute("DROP POLICY lookup_update ON run_events")
    op.execute("DROP POLICY lookup_delete ON letters")
    for table in (*SEEN, "run_events", "invitations", "letters"):
        op.execute(f"DROP POLICY lookup_select ON {table}")
        op.execute(f"REVOKE ALL ON {table} FROM {Role.LOOKUP}")
    op.execute(f"REVOKE SELECT (finished_at) ON runs FROM {Role.LOOKUP}")
    op.execute(f"REVOKE SELECT (created_at, deleted_at) ON users FROM {Role.LOOKUP}")
    op.execute(f"REVOKE DELETE ON conversations FROM {Role.APP}")
    op.execute("DROP INDEX ix_invitations_email_normalized")
    op.execute("ALTER TABLE runs DROP erased_at")
