/** What one run has said and done so far, folded from its events. Plain data; no I/O. */

import type { Citation, RunEvent, RunFinished } from "./events";

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
}

export interface StepItem {
  kind: "step";
  name: string;
  open: boolean;
}

export type Item = TextItem | ReasoningItem | ToolItem | StepItem;
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

/** Folds one event into the turn; events must come in the order of the log, each once. */
export function apply(turn: Turn, event: RunEvent): void {
  switch (event.type) {
    case "TEXT_MESSAGE_START":
      if (event.role === undefined || event.role === "assistant") text(turn, event.messageId);
      return;
    case "TEXT_MESSAGE_CONTENT":
      text(turn, event.messageId).text += event.delta;
      return;
    case "TEXT_MESSAGE_END":
      text(turn, event.messageId).open = false;
      return;
    case "REASONING_MESSAGE_START":
      reasoning(turn, event.messageId);
      return;
    case "REASONING_MESSAGE_CONTENT":
      reasoning(turn, event.messageId).text += event.delta;
      return;
    case "REASONING_MESSAGE_END":
      reasoning(turn, event.messageId).open = false;
      return;
    case "CUSTOM":
      applyCustom(turn, event.name, event.value as unknown);
      return;
    default:
      applyWork(turn, event);
  }
}

function applyWork(turn: Turn, event: RunEvent): void {
  switch (event.type) {
    case "TOOL_CALL_START":
      tool(turn, event.toolCallId).name = event.toolCallName;
      return;
    case "TOOL_CALL_ARGS":
      tool(turn, event.toolCallId).args += event.delta;
      return;
    case "TOOL_CALL_RESULT":
      finishTool(tool(turn, event.toolCallId), event.content);
      return;
    case "STEP_STARTED":
      turn.items.push({ kind: "step", name: event.stepName, open: true });
      return;
    case "STEP_FINISHED":
      closeStep(turn, event.stepName);
      return;
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
  const { message_id: id, citations, sources } = value as Record<string, unknown>;
  if (name === "sources" && Array.isArray(sources)) turn.sources = sources as Citation[];
  if (typeof id !== "string") return;
  if (name === "citations" && Array.isArray(citations)) turn.citations[id] = citations as Citation[];
  if (name === "message.cut") cut(turn, id);
}

function text(turn: Turn, id: string): TextItem {
  const found = turn.items.find((item): item is TextItem => item.kind === "text" && item.id === id);
  return found ?? add(turn, { kind: "text", id, text: "", open: true, cut: false });
}

function reasoning(turn: Turn, id: string): ReasoningItem {
  const found = turn.items.find(
    (item): item is ReasoningItem => item.kind === "reasoning" && item.id === id,
  );
  return found ?? add(turn, { kind: "reasoning", id, text: "", open: true });
}

function tool(turn: Turn, id: string): ToolItem {
  const found = turn.items.find((item): item is ToolItem => item.kind === "tool" && item.id === id);
  return found ?? add(turn, { kind: "tool", id, name: "", args: "", result: null, open: true });
}

function add<T extends Item>(turn: Turn, item: T): T {
  turn.items.push(item);
  // Read back: in a reactive turn the stored item is a proxy, and only writes to it are seen.
  return turn.items[turn.items.length - 1] as T;
}

function finishTool(item: ToolItem, content: unknown): void {
  item.result = typeof content === "string" ? content : JSON.stringify(content, null, 2);
  item.open = false;
}

function closeStep(turn: Turn, name: string): void {
  const step = turn.items.findLast((item) => item.kind === "step" && item.open && item.name === name);
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
  for (const item of turn.items) item.open = false;
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

export type Section = { kind: "answer"; item: TextItem } | { kind: "work"; items: Item[] };

/** The turn as it is shown: answers in full, everything between them as one collapsible section. */
export function sections(turn: Turn): Section[] {
  const result: Section[] = [];
  for (const item of turn.items) {
    const last = result.at(-1);
    if (item.kind === "text" && item.text === "" && !item.open) continue;
    if (item.kind === "text" && !isSuperseded(turn, item)) result.push({ kind: "answer", item });
    else if (last?.kind === "work") last.items.push(item);
    else result.push({ kind: "work", items: [item] });
  }
  return result;
}
