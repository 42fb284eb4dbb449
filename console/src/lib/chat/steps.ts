/** What is done on the way to an answer, in words. */

import type { Item, ToolItem } from "../stream/turn";

/** Names the tool of a call that was begun elsewhere. */
export type ToolOf = (callId: string) => string | null;

/** Steps in words, while they are taken and afterwards; others are shown by their name. */
const STEPS: Record<string, [string, string]> = {
  retrieve: ["Searching the documents", "Searched the documents"],
};

export function taken(step: string): string {
  return STEPS[step]?.[1] ?? step;
}

export function named(item: ToolItem, toolOf: ToolOf): string {
  return item.name || (toolOf(item.id) ?? "a tool");
}

/** What is being done. */
export function nameOf(item: Item, toolOf: ToolOf): string {
  switch (item.kind) {
    case "tool":
      return `Using ${named(item, toolOf)}`;
    case "step":
      return STEPS[item.name]?.[0] ?? item.name;
    case "subagent": {
      const inside = item.items.findLast((each) => each.open);
      return inside ? `${item.name}: ${nameOf(inside, toolOf)}` : `Asking ${item.name}`;
    }
    case "activity":
      return inWords(item.name);
    default:
      return item.kind === "reasoning" ? "Thinking" : "Writing";
  }
}

/** "web_search" and "webSearch" -> "Web search". */
export function inWords(name: string): string {
  const words = name.replaceAll(/([a-z\d])([A-Z])/g, "$1 $2").replaceAll(/[_\-.]+/g, " ").trim().toLowerCase();
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

/** Whether another agent works for this call: then that one is shown instead. */
export function isAsking(item: Item, all: readonly Item[]): boolean {
  return item.kind === "tool" && all.some((each) => each.kind === "subagent" && each.callId === item.id);
}
