/** Where a turn's events come from: the answer to what is asked, or the run's log. */

import { Problem } from "../api/problem";
import type { Follow } from "../stream/follow";
import type { Input } from "./saying";
import { api } from "./session.svelte";

/**
 * Posts the question, then reads on from the run's events.
 *
 * Until the server has answered once nobody knows whether it has the question, so it is posted
 * again under the same run id, which the server takes for the same run.
 */
export function asking(agent: string, input: Input): Follow["open"] {
  const events = eventsOf(input.runId);
  let accepted = false;
  return async (after, signal) => {
    if (accepted) return await events(after, signal);
    const response = await post(agent, input, signal);
    accepted = true;
    return bodyOf(response);
  };
}

/** Sends something to an agent; the answer is a stream. */
export function post(agent: string, body: Input, signal: AbortSignal): Promise<Response> {
  const headers = { Accept: "text/event-stream" };
  return api.send(`/api/chat/${encodeURIComponent(agent)}`, { method: "POST", body, headers, signal });
}

/** Reads a run's events from its log. */
export function eventsOf(runId: string): Follow["open"] {
  return async (after, signal) => {
    const headers: Record<string, string> = { Accept: "text/event-stream" };
    if (after > 0) headers["Last-Event-ID"] = String(after);
    return bodyOf(await api.send(`/api/v1/runs/${runId}/events`, { headers, signal }));
  };
}

function bodyOf(response: Response): ReadableStream<Uint8Array> {
  if (response.body) return response.body;
  throw new Problem(0, { title: "The server sent no stream" });
}
