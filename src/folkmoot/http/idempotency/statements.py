"""The statements about keys. The database's clock is the only one that counts."""

from typing import Final

from sqlalchemy import text

CLAIM: Final = text("""
INSERT INTO idempotency_keys AS k (org_id, name, claim, leased_until, fingerprint, expires_at)
VALUES (:org_id, :name, :claim, now() + :lease, :fingerprint, now() + :kept)
ON CONFLICT (org_id, name) DO UPDATE
SET claim = excluded.claim, leased_until = excluded.leased_until,
    fingerprint = excluded.fingerprint, answer = NULL, expires_at = excluded.expires_at
WHERE k.expires_at <= now() OR k.answer IS NULL AND k.leased_until <= now()
RETURNING claim
""")
"""Take a key that is free: unknown, forgotten, or left by somebody who died with it."""

NOTE: Final = text("""
INSERT INTO idempotency_keys AS k (org_id, name, claim, fingerprint, answer, expires_at)
VALUES (:org_id, :name, :claim, :fingerprint, '', now() + :kept)
ON CONFLICT (org_id, name) DO UPDATE
SET claim = excluded.claim, fingerprint = excluded.fingerprint, expires_at = excluded.expires_at
WHERE k.expires_at <= now()
RETURNING claim
""")
"""Bind a key to a request that is repeatable by itself."""

FIND: Final = text("""
SELECT fingerprint, answer, coalesce(leased_until > now(), false) AS in_flight
FROM idempotency_keys WHERE org_id = :org_id AND name = :name
""")

RENEW: Final = text("""
UPDATE idempotency_keys SET leased_until = now() + :lease
WHERE org_id = :org_id AND name = :name AND claim = :claim
""")

KEEP: Final = text("""
UPDATE idempotency_keys
SET answer = :answer, fingerprint = :fingerprint, leased_until = NULL, expires_at = now() + :kept
WHERE org_id = :org_id AND name = :name AND claim = :claim
""")

# A transaction that has changed something has a number, one that has read has none.
CHANGED: Final = text("""
SELECT pg_current_xact_id_if_assigned() IS NOT NULL AS anything,
       coalesce(current_setting('app.org', true), '') AS org
""")
ENTER: Final = text("SELECT set_config('app.org', :org, true)")
TOOK_EFFECT: Final = text("""
UPDATE idempotency_keys SET answer = ''
WHERE org_id = :org_id AND name = :name AND claim = :claim AND answer IS NULL
""")
"""Keep with an effect that there was one: its answer comes later, or never."""

RELEASE: Final = text("""
DELETE FROM idempotency_keys WHERE org_id = :org_id AND name = :name AND claim = :claim
""")

FORGET: Final = text("""
DELETE FROM idempotency_keys WHERE org_id = :org_id AND name IN (
  SELECT name FROM idempotency_keys WHERE org_id = :org_id AND expires_at <= now()
  ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED
)
""")
"""Each kept answer takes some along that have expired: there are never many."""
