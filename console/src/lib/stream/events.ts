/** The AG-UI 1.0 events as they travel: the protocol's types with plain string names. */

import type { AGUIEventByType, EventType, RunAgentInput } from "@ag-ui/core";

export type { RunAgentInput };

type Wire<K extends EventType> = Omit<AGUIEventByType[K], "type"> & { type: `${K}` };

export type RunEvent = { [K in EventType]: Wire<K> }[EventType];
export type RunFinished = Wire<EventType.RUN_FINISHED>;
export type RunError = Wire<EventType.RUN_ERROR>;
export type SubagentEvent =
  | Wire<EventType.SUBAGENT_STARTED>
  | Wire<EventType.SUBAGENT_FINISHED>
  | Wire<EventType.SUBAGENT_ERROR>;
export type TerminalEvent = RunFinished | RunError;

/** A passage that an answer rests on; offsets are Unicode code points of the document's text. */
export interface Citation {
  index: number;
  document_id: string;
  collection_id: string;
  chunk_id: string;
  title: string;
  page: number | null;
  start: number;
  end: number;
  text: string;
  /** All that bears the answer out, the one above first; older answers know of no others. */
  spans?: { page: number | null; start: number; end: number; text: string }[];
}

export function isTerminal(event: RunEvent): event is TerminalEvent {
  return event.type === "RUN_FINISHED" || event.type === "RUN_ERROR";
}
