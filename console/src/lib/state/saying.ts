/** What somebody says to an agent, as it travels over AG-UI. */

import type { Attachment } from "../api/types";
import type { RunAgentInput } from "../stream/events";

/** How the next question is to be answered; null leaves it to the server's settings. */
export interface AskOptions {
  agent: string;
  workflow: string | null;
  model: string | null;
  collections: string[];
  /** Of the agent; absent, the one in production. */
  version?: number;
}

/** When a message is heard that comes while a run is at work. */
export type Meanwhile = "queue" | "steer";

export interface Said {
  text: string;
  attached: Attachment[];
}

/** AG-UI's input; parts may be `binary`, which the types of 1.0 have dropped and the server takes. */
export type Input = Omit<RunAgentInput, "messages"> & { messages: unknown[] };

export function messageOf(id: string, { text, attached }: Said) {
  const parts = attached.map(({ id: kept, name, media_type }) => {
    return { type: "binary", mimeType: media_type, id: kept, filename: name };
  });
  const content = parts.length > 0 ? [...(text ? [{ type: "text", text }] : []), ...parts] : text;
  return { id, role: "user", content };
}

export function forwarded(options: AskOptions): Record<string, unknown> {
  const wanted: Record<string, unknown> = {};
  if (options.workflow) wanted["workflow"] = options.workflow;
  if (options.model) wanted["model"] = options.model;
  if (options.collections.length > 0) wanted["collection_ids"] = options.collections;
  if (options.version !== undefined) wanted["version"] = options.version;
  return wanted;
}
