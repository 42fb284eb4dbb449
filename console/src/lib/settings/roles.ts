/** Roles, from the one that may least to the one that may most. */

import type { OrgRole, TeamRole } from "../api/types";

export const TEAM_ROLES: readonly TeamRole[] = ["viewer", "member", "admin"];
/** What a program may be: it owns nothing. */
export const PROGRAM_ROLES: readonly OrgRole[] = ["member", "admin"];
export const ORG_ROLES: readonly OrgRole[] = ["member", "admin", "owner"];

/** The roles that somebody may give: none that is higher than their own. */
export function givable(own: OrgRole | undefined): readonly OrgRole[] {
  return ORG_ROLES.slice(0, own ? ORG_ROLES.indexOf(own) + 1 : 0);
}
