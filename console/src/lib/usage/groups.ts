/** What usage is grouped by, and what a group is called. */

import type { Usage } from "../api/types";
import { people } from "../settings/people.svelte";
import { catalog } from "../state/catalog.svelte";
import { conversations } from "../state/conversations.svelte";
import { session } from "../state/session.svelte";
import { periodName } from "./periods";

const NONE = "none";

export const GROUPS: Record<string, string> = {
  model: "Model",
  agent: "Agent",
  user: "Person",
  team: "Team",
  provider: "Provider",
  operation: "Kind of call",
  day: "Day",
  month: "Month",
  conversation: "Conversation",
  run: "Run",
};

export function agentName(id: string): string {
  return catalog.agents.find((each) => each.id === id)?.name ?? id;
}

export function groupName(by: string, usage: Usage): string {
  switch (by) {
    case "agent":
      return usage.agent ? agentName(usage.agent) : NONE;
    case "user":
      return usage.user_id ? people.name(usage.user_id) : "nobody any more";
    case "team":
      return session.me?.teams.find((each) => each.id === usage.team_id)?.name ?? usage.team_id ?? NONE;
    case "day":
      return usage.day ? periodName(usage.day) : NONE;
    case "month":
      return usage.month ? periodName(usage.month) : NONE;
    case "conversation":
      return (usage.conversation_id && conversations.find(usage.conversation_id)?.title) || usage.conversation_id || NONE;
    case "run":
      return usage.run_id ?? NONE;
    default:
      return usage[by as "model" | "provider" | "operation"] ?? NONE;
  }
}

/** The page that tells more of a group, if there is one. */
export function groupLink(by: string, usage: Usage): string | null {
  if (by === "run" && usage.run_id) return `/runs/${usage.run_id}`;
  return by === "conversation" && usage.conversation_id ? `/chat/${usage.conversation_id}` : null;
}
