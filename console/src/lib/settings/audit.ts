/** What an audit event tells, and how events are asked for. */

export interface Wanted {
  action: string;
  actor: string;
  /** Days as a date input writes them; both count. */
  from: string;
  to: string;
}

export interface Change {
  field: string;
  before: string | null;
  after: string | null;
}

/** The query of a filter: "member" is all that happens to members, and days are local ones. */
export function queryOf(wanted: Wanted): Record<string, string | null> {
  const action = wanted.action.trim().toLowerCase().replaceAll(" ", "_");
  return {
    action: action && !/[.*]/.test(action) ? `${action}.*` : action,
    actor_id: wanted.actor,
    since: midnight(wanted.from, 0),
    until: midnight(wanted.to, 1),
  };
}

/** What was changed, field by field; one that was not there before, or is not any more, is null. */
export function changes(
  before: Record<string, unknown> | null,
  after: Record<string, unknown> | null,
): Change[] {
  const fields = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...fields].map((field) => ({ field, before: written(before?.[field]), after: written(after?.[field]) }));
}

/** "api_key.created" -> "API key created". */
export function sentence(action: string): string {
  const plain = action.replaceAll(/[._]/g, " ").replace(/\bapi\b/, "API");
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

function midnight(day: string, later: number): string | null {
  const [year, month, date] = day.split("-").map(Number);
  if (!year || !month || !date) return null;
  return new Date(year, month - 1, date + later).toISOString();
}

function written(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}
