/** What is remembered, in words. */

import type { Memory, MemoryKind, MemoryStatus } from "../api/types";
import { count } from "../text/format";

export const MEMORIES = "/api/v1/memories";

export const KINDS: Record<MemoryKind, string> = {
  fact: "Fact",
  preference: "Preference",
  goal: "Goal",
};

/** Where something was found, or who has written it. */
export function sourceOf(memory: Memory): string {
  if (memory.origin === "hand") return "Written by hand";
  return memory.conversation_id ? "Found in a conversation" : "Found in a conversation that is gone";
}

/** Whether anything is remembered, and why not if it is not. */
export function standing({ memory, reading, model, waiting_turns: waiting }: MemoryStatus): string {
  if (memory === "off") return "Nothing is remembered from what you say, and agents are told nothing.";
  const turns = memory === "always" ? "In every turn" : "In turns of the workflow “full”";
  const told = `${turns}, agents are told what fits.`;
  switch (reading) {
    case "no_model":
      return `${told} What you say is not read: the offline model finds nothing in it.`;
    case "not_allowed":
      return `${told} What you say is not read: the model that would is not allowed here.`;
    case "not_installed":
      return `${told} What you say is not read: what is chosen to read it is not installed here.`;
    default: {
      const by = model ? ` by ${model}` : "";
      const left = waiting > 0 ? ` ${count(waiting, "turn")} still to be read.` : "";
      return `${told} What you say there is read afterwards${by}.${left}`;
    }
  }
}
