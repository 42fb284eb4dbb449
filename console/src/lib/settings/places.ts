/** Whose settings and secrets the caller may change: their own, their team's, the organisation's. */

import type { SettingsScope } from "../api/types";

export interface Caller {
  /** Whether they may manage what is the organisation's. */
  manages: boolean;
  organization: string;
  /** The team they act in. */
  team: { name: string; role: string } | null;
}

export interface Place {
  scope: SettingsScope;
  label: string;
}

/** The narrowest first. */
export function places({ manages, organization, team }: Caller): Place[] {
  const found: Place[] = [{ scope: "user", label: "You alone" }];
  if (team && (manages || team.role === "admin")) found.push({ scope: "team", label: `The team ${team.name}` });
  if (manages) found.push({ scope: "organization", label: `Everybody in ${organization}` });
  return found;
}
