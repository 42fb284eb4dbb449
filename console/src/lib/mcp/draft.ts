/** A server as a form has it, and as the API takes it. */

import type { McpServer, SettingsScope } from "../api/types";

export interface Draft {
  name: string;
  scope: SettingsScope;
  transport: McpServer["transport"];
  /** An address, or a program. */
  where: string;
  auth: McpServer["auth"];
  secret: string;
  header: string;
  seconds: number;
}

export function draftOf(server: McpServer | null): Draft {
  return {
    name: server?.name ?? "",
    scope: server?.scope ?? "user",
    transport: server?.transport ?? "http",
    where: server?.url ?? server?.command ?? "",
    auth: server?.auth ?? "none",
    secret: server?.secret ?? "",
    header: server?.header ?? "Authorization",
    seconds: server?.timeout_seconds ?? 30,
  };
}

/** What can be changed of a server. */
export function fieldsOf(draft: Draft): Record<string, unknown> {
  return {
    name: draft.name.trim(),
    auth: draft.auth,
    secret: draft.auth === "secret" ? draft.secret : null,
    header: draft.header.trim(),
    timeout_seconds: draft.seconds,
    ...(draft.transport === "stdio" ? {} : { url: draft.where.trim() }),
  };
}

/** What is said once, of a new one. */
export function programOf({ scope, transport, where }: Draft): Record<string, unknown> {
  return { scope, transport, ...(transport === "stdio" ? { command: where.trim() } : {}) };
}

/** Somebody's draft over what is there now: only what they have changed of what they saw. */
export function merged(draft: Draft, seen: Draft, now: Draft): Draft {
  const changed = Object.entries(draft).filter(([name, value]) => value !== seen[name as keyof Draft]);
  return { ...now, ...(Object.fromEntries(changed) as Partial<Draft>) };
}
