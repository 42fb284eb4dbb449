"""The SQL of the ledger: a row for each call, from the log of its run or by itself."""

from typing import Final, LiteralString

ROWS: Final[LiteralString] = """
INSERT INTO model_calls (org_id, id, at, user_id, team_id, agent, run_id, conversation, provider,
                         model, operation, input_tokens, output_tokens, cached_input_tokens,
                         reasoning_tokens, micro_usd, estimated, reuse)
SELECT e.o, e.i, to_timestamp(e.a / 1000.0), e.u, e.t, e.g, e.r, e.c, e.p, e.m, e.k, e.x, e.y, e.z,
       e.w, CASE WHEN e.b THEN budget_settle(e.o, e.i, e.d, e.x + e.y) ELSE e.d END, e.f,
       e.s
FROM {lease}json_to_recordset(%s::json)
  AS e (o uuid, i uuid, a bigint, u uuid, t uuid, g text, r uuid, c text, p text, m text, k text,
        x bigint, y bigint, z bigint, w bigint, d bigint, f boolean, b boolean, s text)
ON CONFLICT DO NOTHING
"""

PROJECT: Final[LiteralString] = "projected_calls AS (" + ROWS.format(lease="lease, ") + ")"
RECORD: Final[LiteralString] = ROWS.format(lease="")

RELEASE: Final[LiteralString] = """
DELETE FROM budget_reservations WHERE org_id = %s AND call_id = ANY (%s) AND NOT settled
"""
