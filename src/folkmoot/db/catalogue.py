"""What must hold of the schema for tenants to be apart, asked of PostgreSQL's own catalogue.

Each rule is a query for what breaks it. Exceptions are listed here, each with its reason, and
nowhere else: a migration that needs one more has to be read by somebody.
"""

from dataclasses import dataclass
from typing import Final, LiteralString

import psycopg

from folkmoot.db.roles import Role

SHARED_TABLES: Final = frozenset(
    {
        "job_errors",
        "model_breakers",
        "processes",
        "rate_limits",
        "sign_in_attempts",
        "signing_keys",
        "vector_stores",
    }
)
"""Without row-level security, because they hold nothing of any tenant."""

LIBRARY_TABLES: Final = ("procrastinate_%", "alembic_version")
"""Made by libraries; job arguments carry ids only."""

GLOBAL_UNIQUES: Final = frozenset({"uq_api_keys_hash"})
"""Unique across tenants: a key is found before it is known whose it is."""

LOOKUPS: Final = frozenset(
    {
        "identity_find_user",
        "identity_find_key",
        "identity_find_session",
        "identity_find_link",
        "identity_find_reset",
        "identity_find_external",
        "runs_claim",
        "runs_cancelled",
        "runs_held",
        "runs_take",
        "runs_due",
        "runs_follow",
        "schedules_due",
        "memory_turns_due",
        "memories_expire",
        "memories_idle",
        "memories_unembedded",
        "approvals_overdue",
        "approvals_stranded",
        "embeddings_due",
        "audit_undelivered",
        "audit_expired",
        "audit_truncate",
        "audit_forget",
        "settings_changed",
        "secrets_wrapped_otherwise",
        "secrets_kept",
        "identity_slowest_bcrypt",
        "personal_places",
        "runs_erase",
        "identity_invited",
        "identity_admitted",
        "letters_forget",
        "conversations_found",
        "conversations_shared",
        "conversations_due",
        "attachments_loose",
        "cached_answers_expire",
        "webhook_events_waiting",
        "webhooks_claim",
        "webhooks_expired",
        "webhooks_wrapped_otherwise",
        "webhook_run_started",
        "webhook_run_taken",
        "webhook_run_ended",
        "webhook_schedule_turned",
        "webhook_schedule_refused",
        "webhook_document_read",
        "webhook_document_gone",
        "webhook_approval_asked",
        "webhook_approval_settled",
        "webhook_member_joined",
        "webhook_member_changed",
        "webhook_member_left",
        "mcp_revocations_due",
        "mcp_secret_gone",
        "mcp_server_gone",
        "mcp_server_moved",
        "mcp_team_left",
        "usage_open",
        "usage_summed",
        "vector_changed",
    }
)
"""The functions that answer before a tenant is known, and triggers that note what was done.

They return ids only, or a small number, and triggers nothing.
"""

PARAMETERS: Final = {
    "lookup": Role.LOOKUP,
    "serving": [Role.APP, Role.WRITER],
    "ours": [Role.APP, Role.WRITER, Role.LOOKUP],
    "shared": sorted(SHARED_TABLES),
    "libraries": list(LIBRARY_TABLES),
    "uniques": sorted(GLOBAL_UNIQUES),
    "lookups": sorted(LOOKUPS),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A sentence that must hold, and the query for what breaks it."""

    says: str
    breaches: LiteralString


@dataclass(frozen=True, slots=True)
class Breach:
    """A thing in the database and the rule it breaks."""

    rule: str
    thing: str


TERMS: Final = """
WITH tables AS (  -- ours; `tenant` is the number of the column `org_id`
  SELECT c.oid, c.relname, c.relkind, c.relacl, c.reloptions,
         c.relrowsecurity AND c.relforcerowsecurity AS forced,
         (SELECT a.attnum FROM pg_attribute AS a
          WHERE a.attrelid = c.oid AND a.attname = 'org_id' AND NOT a.attisdropped) AS tenant
  FROM pg_class AS c
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND NOT c.relname LIKE ANY (%(libraries)s)
), grants AS (  -- on a table or on one of its columns
  SELECT t.oid, t.relname, t.forced, g.privilege_type AS privilege, g.grantee
  FROM tables AS t, aclexplode(t.relacl) AS g
  UNION
  SELECT t.oid, t.relname, t.forced, g.privilege_type, g.grantee
  FROM tables AS t JOIN pg_attribute AS a ON a.attrelid = t.oid, aclexplode(a.attacl) AS g
)
"""
"""What the rules speak of."""

RULES: Final = (
    Rule(
        "row-level security is forced on every table",
        """
        SELECT relname FROM tables
        WHERE relkind IN ('r', 'p') AND NOT forced AND relname <> ALL (%(shared)s)
        """,
    ),
    Rule(
        "a table that is shared holds nothing of a tenant",
        """
        SELECT relname FROM tables WHERE NOT forced AND tenant IS NOT NULL AND relkind <> 'v'
        """,
    ),
    Rule(
        "what a role may do to a table, a policy limits",
        """
        SELECT format('%%s: %%s by %%s', g.relname, g.privilege, g.grantee::regrole)
        FROM grants AS g
        WHERE g.forced AND g.grantee::regrole::text = ANY (%(ours)s) AND NOT EXISTS (
          SELECT FROM pg_policy AS p
          WHERE p.polrelid = g.oid AND g.grantee = ANY (p.polroles) AND p.polcmd IN ('*',
            CASE g.privilege WHEN 'SELECT' THEN 'r' WHEN 'INSERT' THEN 'a' WHEN 'UPDATE' THEN 'w'
                             WHEN 'DELETE' THEN 'd' END)
        )
        """,
    ),
    Rule(
        "nobody may empty, reference or put triggers on a table, and everybody may do nothing",
        """
        SELECT format('%%s: %%s by %%s', g.relname, g.privilege, g.grantee::regrole)
        FROM grants AS g
        WHERE g.grantee = 0 OR g.grantee::regrole::text = ANY (%(ours)s)
          AND g.privilege NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
        """,
    ),
    Rule(
        "a policy is for named roles, and for those that serve it names the tenant or the person",
        """
        SELECT format('%%s: %%s', t.relname, p.polname)
        FROM tables AS t JOIN pg_policy AS p ON p.polrelid = t.oid,
             unnest(p.polroles) AS r(role),
             unnest(ARRAY[pg_get_expr(p.polqual, t.oid), pg_get_expr(p.polwithcheck, t.oid)])
               AS e(condition)
        WHERE NOT p.polpermissive OR r.role = 0
           OR r.role::regrole::text = ANY (%(serving)s)
              AND e.condition !~ 'current_setting\\(''app\\.(org|orgs|user)'''
        """,
    ),
    Rule(
        "views look with the eyes of whoever asks, and nothing is stored beside the tables",
        """
        SELECT relname FROM tables
        WHERE relkind IN ('m', 'f') OR relkind = 'v'
          AND NOT coalesce(reloptions @> ARRAY['security_invoker=true'], false)
        """,
    ),
    Rule(
        "functions that see past the wall are listed, return ids or a small number, belong to a"
        " role that cannot log in, look names up where they should, and are not everybody's to"
        " call",
        """
        SELECT p.proname FROM pg_proc AS p
        WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace AND (
          p.proname <> ALL (%(lookups)s)
          OR p.proowner::regrole::text <> %(lookup)s
          OR p.proconfig IS DISTINCT FROM ARRAY['search_path=public, pg_temp']
          OR EXISTS (SELECT FROM aclexplode(p.proacl) WHERE grantee = 0) OR p.proacl IS NULL
          OR EXISTS (
            SELECT FROM unnest(p.proallargtypes, p.proargmodes) AS a(type, mode)
            WHERE a.mode <> 'i' AND a.type <> 'uuid'::regtype)
          OR p.proallargtypes IS NULL
            AND p.prorettype <> ALL (ARRAY[
                'uuid'::regtype, 'smallint'::regtype, 'trigger'::regtype]))
        """,
    ),
    Rule(
        "no row is without its tenant",
        """
        SELECT relname FROM tables AS t
        JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = t.tenant
        WHERE NOT a.attnotnull AND t.relkind IN ('r', 'p')
        """,
    ),
    Rule(
        "what is unique is unique within a tenant",
        """
        SELECT i.indexrelid::regclass::text FROM pg_index AS i
        JOIN tables AS t ON t.oid = i.indrelid
        WHERE i.indisunique AND i.indkey[0] <> t.tenant
          AND i.indexrelid::regclass::text <> ALL (%(uniques)s)
        """,
    ),
    Rule(
        "a row refers to rows of its own tenant",
        """
        SELECT format('%%s: %%s', t.relname, k.conname) FROM pg_constraint AS k
        JOIN tables AS t ON t.oid = k.conrelid JOIN tables AS other ON other.oid = k.confrelid
        WHERE k.contype = 'f' AND NOT EXISTS (
          SELECT FROM unnest(k.conkey, k.confkey) AS c(ours, theirs)
          WHERE c.ours = t.tenant AND c.theirs = other.tenant
        ) AND t.tenant IS NOT NULL AND other.tenant IS NOT NULL
        """,
    ),
    Rule(
        "our roles have no powers, and those that serve own nothing and can become nobody else",
        """
        SELECT r.rolname FROM pg_roles AS r
        WHERE r.rolname = ANY (%(ours)s) AND (
          r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
          OR EXISTS (SELECT FROM pg_auth_members AS m WHERE m.member = r.oid)
          OR r.rolname = %(lookup)s AND r.rolcanlogin
          OR r.rolname = ANY (%(serving)s) AND EXISTS (
            SELECT FROM pg_shdepend AS d
            WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid
              AND d.deptype = 'o'))
        """,
    ),
    Rule(
        "those that serve can make nothing",
        """
        SELECT r.name FROM unnest(%(serving)s::text[]) AS r(name)
        WHERE has_schema_privilege(r.name, 'public', 'CREATE')
           OR has_database_privilege(r.name, current_database(), 'CREATE')
        """,
    ),
)


def audit(connection: psycopg.Connection[tuple[object, ...]]) -> list[Breach]:
    """Return what breaks the rules, asked by any role."""
    return [
        Breach(rule.says, str(thing))
        for rule in RULES
        for (thing,) in connection.execute(TERMS + rule.breaches, PARAMETERS)
    ]
