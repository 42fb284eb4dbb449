/** What one run has said and done so far, folded from its events. Plain data; no I/O. */

import type { Citation, RunEvent, RunFinished, SubagentEvent, TerminalEvent } from "./events";
import { patched } from "./patch";

export interface TextItem {
  kind: "text";
  id: string;
  text: string;
  open: boolean;
  /** Ended early by a crash, a failure or a stop; a later message takes its place if there is one. */
  cut: boolean;
}

export interface ReasoningItem {
  kind: "reasoning";
  id: string;
  text: string;
  open: boolean;
}

export interface ToolItem {
  kind: "tool";
  id: string;
  /** Empty where another run has made the call, and this one has only its result. */
  name: string;
  args: string;
  result: string | null;
  open: boolean;
  /** Whether the application that has asked is to make the call. */
  handed?: boolean;
}

export interface StepItem {
  kind: "step";
  name: string;
  open: boolean;
}

/** Another agent at work for a tool call of this one, and what it has said and done. */
export interface SubagentItem {
  kind: "subagent";
  id: string;
  name: string;
  /** The call that it works for, if that is told. */
  callId: string;
  items: Item[];
  open: boolean;
  /** Whether it waits for somebody. */
  waits: boolean;
  /** Why it has not done it; empty unless it failed. */
  error: string;
}

/** Something that a tool lets people watch: a plan, a search, a long computation. */
export interface ActivityItem {
  kind: "activity";
  id: string;
  name: string;
  content: unknown;
  open: boolean;
}

/** What somebody has said to the run while it was at work, where it was heard. */
export interface SaidItem {
  kind: "said";
  id: string;
  text: string;
  open: boolean;
}

export type Item = TextItem | ReasoningItem | ToolItem | StepItem | SubagentItem | ActivityItem | SaidItem;
export type TurnStatus = "running" | "success" | "cancelled" | "interrupt" | "failed";

export interface Turn {
  runId: string;
  status: TurnStatus;
  error: { message: string; code: string } | null;
  items: Item[];
  /** Citations by message id. */
  citations: Record<string, Citation[]>;
  /** All passages that the model was shown; a message that is being written may cite any of them. */
  sources: Citation[];
  /** Ids of what the run has asked before it stopped (AG-UI's interrupts). */
  asked: string[];
  /** Whether the items are all that the run's log holds, or only its messages. */
  complete: boolean;
  /** Whether there is a log to look at. */
  logged: boolean;
}

export function newTurn(runId: string): Turn {
  return {
    runId,
    status: "running",
    error: null,
    items: [],
    citations: {},
    sources: [],
    asked: [],
    complete: true,
    logged: true,
  };
}

/** Where something is said and done: a turn, or a sub-agent within it. */
interface Place {
  items: Item[];
}

/** Folds one event into the turn; events must come in the order of the log, each once. */
export function apply(turn: Turn, event: RunEvent): void {
  switch (event.type) {
    case "SUBAGENT_STARTED":
    case "SUBAGENT_FINISHED":
    case "SUBAGENT_ERROR":
      applySubagent(turn, event);
      return;
    case "RUN_FINISHED":
    case "RUN_ERROR":
      applyEnd(turn, event);
      return;
    case "CUSTOM":
      if (event.subagentRunId === undefined) applyCustom(turn, event.name, event.value as unknown);
      return;
    default: {
      const name = "subagentRunId" in event ? event.subagentRunId : undefined;
      const place = name === undefined ? turn : subagent(turn, name);
      if (place) applyText(place, event);
    }
  }
}

function applyText(place: Place, event: RunEvent): void {
  switch (event.type) {
    case "TEXT_MESSAGE_START":
      if (event.role === undefined || event.role === "assistant") text(place, event.messageId);
      return;
    case "TEXT_MESSAGE_CONTENT":
      text(place, event.messageId).text += event.delta;
      return;
    case "TEXT_MESSAGE_END":
      text(place, event.messageId).open = false;
      return;
    case "REASONING_MESSAGE_START":
      reasoning(place, event.messageId);
      return;
    case "REASONING_MESSAGE_CONTENT":
      reasoning(place, event.messageId).text += event.delta;
      return;
    case "REASONING_MESSAGE_END":
      reasoning(place, event.messageId).open = false;
      return;
    default:
      applyWork(place, event);
  }
}

function applyWork(place: Place, event: RunEvent): void {
  switch (event.type) {
    case "TOOL_CALL_START":
      tool(place, event.toolCallId).name = event.toolCallName;
      return;
    case "TOOL_CALL_ARGS":
      tool(place, event.toolCallId).args += event.delta;
      return;
    case "TOOL_CALL_RESULT":
      finishTool(tool(place, event.toolCallId), event.content);
      return;
    case "STEP_STARTED":
      place.items.push({ kind: "step", name: event.stepName, open: true });
      return;
    case "STEP_FINISHED":
      closeStep(place, event.stepName);
      return;
    case "ACTIVITY_SNAPSHOT":
      activity(place, event.messageId, event.activityType).content = event.content;
      return;
    case "ACTIVITY_DELTA": {
      const item = activity(place, event.messageId, event.activityType);
      item.content = patched(item.content, event.patch);
    }
  }
}

function applySubagent(turn: Turn, event: SubagentEvent): void {
  if (event.type === "SUBAGENT_STARTED") {
    const parent = event.parentSubagentRunId;
    const place = (parent === undefined ? undefined : subagent(turn, parent)) ?? turn;
    const { subagentRunId: id, name, parentToolCallId: callId = "" } = event;
    add(place, { kind: "subagent", id, name, callId, items: [], open: true, waits: false, error: "" });
    return;
  }
  const found = subagent(turn, event.subagentRunId);
  if (!found) return;
  close(found);
  if (event.type === "SUBAGENT_ERROR") found.error = event.message;
  else found.waits = event.outcome?.type === "suspended";
}

function applyEnd(turn: Turn, event: TerminalEvent): void {
  switch (event.type) {
    case "RUN_FINISHED":
      if (event.outcome?.type === "interrupt") turn.asked = event.outcome.interrupts.map((each) => each.id);
      finish(turn, outcomeOf(event));
      return;
    case "RUN_ERROR":
      turn.error = { message: event.message, code: event.code ?? "" };
      finish(turn, "failed");
  }
}

function applyCustom(turn: Turn, name: string, value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  const heard = heardIn({ type: "CUSTOM", name, value });
  if (heard) turn.items.push({ kind: "said", ...heard, open: false });
  const { message_id: id, tool_call_id: call, content, calls, citations, sources, memories } = value as Record<
    string,
    unknown
  >;
  if (name === "tools.handed_over" && Array.isArray(calls)) handOver(turn, calls);
  if (name === "tool.client_returned") finishTool(tool(turn, String(call)), content);
  if (name === "sources" && Array.isArray(sources)) turn.sources = sources as Citation[];
  if (name === "memory.recalled" && Array.isArray(memories) && memories.length > 0) {
    const told = memories.length === 1 ? "one thing" : `${memories.length} things`;
    turn.items.push({ kind: "step", name: `Remembered ${told}`, open: false });
  }
  if (typeof id !== "string") return;
  if (name === "citations" && Array.isArray(citations)) turn.citations[id] = citations as Citation[];
  if (name === "message.cut") cut(turn, id);
}

/** The message that a run at work hears with an event, if it is one. */
export function heardIn(event: RunEvent): { id: string; text: string } | null {
  if (event.type !== "CUSTOM" || event.name !== "message.steered") return null;
  const { message_id: id, content: text } = (event.value ?? {}) as Record<string, unknown>;
  return typeof id === "string" && typeof text === "string" ? { id, text } : null;
}

function activity(place: Place, id: string, name: string): ActivityItem {
  const found = place.items.find((item): item is ActivityItem => item.kind === "activity" && item.id === id);
  return found ?? add(place, { kind: "activity", id, name, content: {}, open: false });
}

function subagent(place: Place, id: string): SubagentItem | undefined {
  for (const item of place.items) {
    if (item.kind !== "subagent") continue;
    const found = item.id === id ? item : subagent(item, id);
    if (found) return found;
  }
  return undefined;
}

function text(place: Place, id: string): TextItem {
  const found = place.items.find((item): item is TextItem => item.kind === "text" && item.id === id);
  return found ?? add(place, { kind: "text", id, text: "", open: true, cut: false });
}

function reasoning(place: Place, id: string): ReasoningItem {
  const found = place.items.find(
    (item): item is ReasoningItem => item.kind === "reasoning" && item.id === id,
  );
  return found ?? add(place, { kind: "reasoning", id, text: "", open: true });
}

function tool(place: Place, id: string): ToolItem {
  const found = place.items.find((item): item is ToolItem => item.kind === "tool" && item.id === id);
  return found ?? add(place, { kind: "tool", id, name: "", args: "", result: null, open: true });
}

function add<T extends Item>(place: Place, item: T): T {
  place.items.push(item);
  // Read back: in a reactive turn the stored item is a proxy, and only writes to it are seen.
  return place.items[place.items.length - 1] as T;
}

function handOver(turn: Turn, calls: { tool_call_id: string }[]): void {
  for (const call of calls) tool(turn, call.tool_call_id).handed = true;
}

function finishTool(item: ToolItem, content: unknown): void {
  item.result = typeof content === "string" ? content : JSON.stringify(content, null, 2);
  item.open = false;
}

function closeStep(place: Place, name: string): void {
  const step = place.items.findLast((item) => item.kind === "step" && item.open && item.name === name);
  if (step?.kind === "step") step.open = false;
}

function cut(turn: Turn, id: string): void {
  const message = text(turn, id);
  message.open = false;
  message.cut = true;
}

function outcomeOf(event: RunFinished): TurnStatus {
  return event.outcome?.type ?? "success";
}

function finish(turn: Turn, status: TurnStatus): void {
  turn.status = status;
  for (const item of turn.items) close(item);
}

function close(item: Item): void {
  item.open = false;
  if (item.kind === "subagent") for (const each of item.items) close(each);
}

/** The messages that stand: not empty, and not cut off and written anew. */
export function answers(turn: Turn): TextItem[] {
  return turn.items.filter(
    (item): item is TextItem => item.kind === "text" && item.text !== "" && !isSuperseded(turn, item),
  );
}

function isSuperseded(turn: Turn, item: TextItem): boolean {
  return item.cut && turn.items.findLast((each) => each.kind === "text") !== item;
}

/** What the marks in a message refer to. */
export function citationsOf(turn: Turn, item: TextItem): Citation[] {
  return turn.citations[item.id] ?? (item.open ? turn.sources : []);
}

export type Section =
  | { kind: "answer"; item: TextItem }
  | { kind: "activity"; item: ActivityItem }
  | { kind: "said"; item: SaidItem }
  | { kind: "work"; items: Item[] };

/** The turn as it is shown: answers and activities in full, all between them as one collapsible section. */
export function sections(turn: Turn): Section[] {
  const result: Section[] = [];
  for (const item of turn.items) {
    const last = result.at(-1);
    if (item.kind === "text" && item.text === "" && !item.open) continue;
    if (item.kind === "text" && !isSuperseded(turn, item)) result.push({ kind: "answer", item });
    else if (item.kind === "activity") result.push({ kind: "activity", item });
    else if (item.kind === "said") result.push({ kind: "said", item });
    else if (last?.kind === "work") last.items.push(item);
    else result.push({ kind: "work", items: [item] });
  }
  return result;
}
