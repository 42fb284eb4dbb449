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
SELECT fingerprint, answer, ceil(extract(epoch FROM leased_until - now()))::int AS lease
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
