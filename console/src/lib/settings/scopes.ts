/** Permissions as somebody chooses from them: by what they are about. */

export interface Subject {
  name: string;
  verbs: string[];
}

/** ["runs:cancel", "agents:run", "runs:read"] -> agents: run; runs: cancel, read. */
export function bySubject(permissions: readonly string[]): Subject[] {
  const subjects = new Map<string, string[]>();
  for (const permission of permissions.toSorted()) {
    const [name = "", verb = ""] = permission.split(":", 2);
    subjects.set(name, [...(subjects.get(name) ?? []), verb]);
  }
  return [...subjects].map(([name, verbs]) => ({ name, verbs }));
}

/** "api_keys" -> "API keys". */
export function words(name: string): string {
  const plain = name.replaceAll("_", " ").replace(/\bapi\b/, "API");
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}
