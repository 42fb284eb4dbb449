/** Whose something is that belongs to one user, a team or the organisation, and who may change it. */

import type { SettingsLevel } from "../api/types";
import { session } from "../state/session.svelte";
import { LEVELS } from "./levels";

interface Owned {
  scope: SettingsLevel;
  team_id: string | null;
}

export function whose({ scope, team_id: id }: Owned): string {
  const team = session.me?.teams.find((each) => each.id === id);
  return team ? `the team ${team.name}` : LEVELS[scope];
}

/** Whether the caller may change it, with the permissions that are about things of its kind. */
export function changeable({ scope, team_id: id }: Owned, kind: string): boolean {
  if (!session.may(`${kind}:write`)) return false;
  if (scope === "user" || session.may(`${kind}:manage`)) return true;
  return session.me?.teams.some((team) => team.id === id && team.role === "admin") ?? false;
}
