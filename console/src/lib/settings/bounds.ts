/** What a layer above rules out of a setting, in a sentence. */

import type { EffectiveField, SettingsScope } from "../api/types";
import { told, type Field, type Json } from "./fields";
import { LEVELS } from "./levels";

/** How far one may go with a setting here; null if as far as one likes. */
export function restricted(field: Field, holding: EffectiveField | undefined, scope: SettingsScope): string | null {
  const bound = holding?.bounds.find((each) => each.level === scope);
  if (!holding || !bound) return null;
  const who = LEVELS[bound.by];
  const said = `${who.charAt(0).toUpperCase()}${who.slice(1)} has set ${told(field, bound.limit as Json)}`;
  return holding.cut.some((each) => each.level === scope)
    ? `${said}: what is set here goes further, and counts only so far.`
    : `${said}: here it can be made stricter, not looser.`;
}
