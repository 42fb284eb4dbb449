/** The layers of settings, as they are spoken of. */

import type { SettingsLevel } from "../api/types";

export const LEVELS: Record<SettingsLevel, string> = {
  deployment: "the deployment",
  organization: "the organisation",
  team: "the team",
  user: "you",
};
