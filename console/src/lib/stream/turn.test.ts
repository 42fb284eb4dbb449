import { describe, expect, test } from "vitest";
import type { RunEvent } from "./events";
import { answers, apply, citationsOf, newTurn, sections, type Turn } from "./turn";

function fold(...events: RunEvent[]): Turn {
  const turn = newTurn("r");
  for (const event of events) apply(turn, event);
  return turn;
}

const message = (id: string, ...deltas: string[]): RunEvent[] => [
  { type: "TEXT_MESSAGE_START", messageId: id, role: "assistant" },
  ...deltas.map((delta): RunEvent => ({ type: "TEXT_MESSAGE_CONTENT", messageId: id, delta })),
];
const end = (id: string): RunEvent => ({ type: "TEXT_MESSAGE_END", messageId: id });
const finished = (type: "success" | "cancelled"): RunEvent => ({
  type: "RUN_FINISHED",
  threadId: "t",
  runId: "r",
  outcome: { type },
});

describe("a turn", () => {
  test("joins the deltas of a message", () => {
    const turn = fold(...message("a", "Hel", "lo"), end("a"), finished("success"));
    expect(answers(turn)).toEqual([{ kind: "text", id: "a", text: "Hello", open: false, cut: false }]);
    expect(turn.status).toBe("success");
  });

  test("runs until a terminal event says otherwise", () => {
    expect(fold(...message("a", "x"), end("a")).status).toBe("running");
  });

  test("sets a message aside that a crash cut off, and never glues two answers", () => {
    const turn = fold(
      ...message("a", "The capi"),
      { type: "CUSTOM", name: "message.cut", value: { message_id: "a" } },
      ...message("b", "The capital is Rome."),
      end("b"),
      finished("success"),
    );
    expect(answers(turn).map((item) => item.text)).toEqual(["The capital is Rome."]);
    expect(sections(turn).map((section) => section.kind)).toEqual(["work", "answer"]);
  });

  test("keeps on showing what was written until it was stopped", () => {
    const turn = fold(
      ...message("a", "The capi"),
      { type: "CUSTOM", name: "message.cut", value: { message_id: "a" } },
      end("a"),
      finished("cancelled"),
    );
    expect(answers(turn).map((item) => item.text)).toEqual(["The capi"]);
    expect(sections(turn).map((section) => section.kind)).toEqual(["answer"]);
  });

  test("leaves calls to the application that asked, and has their results from the run that goes on", () => {
    const handed = { calls: [{ tool_call_id: "c", name: "page_title", untrusted: false }] };
    const left = fold(
      { type: "TOOL_CALL_START", toolCallId: "c", toolCallName: "page_title" },
      { type: "CUSTOM", name: "tools.handed_over", value: handed },
      finished("success"),
    );
    const call = { kind: "tool", id: "c", args: "", open: false };
    expect(left.items).toEqual([{ ...call, name: "page_title", result: null, handed: true }]);
    const value = { message_id: "m", tool_call_id: "c", content: "Home" };
    const further = fold({ type: "CUSTOM", name: "tool.client_returned", value }, finished("success"));
    expect(further.items).toEqual([{ ...call, name: "", result: "Home" }]);
  });

  test("keeps citations by message, also when they come before its text", () => {
    const citation = { index: 1, document_id: "d", title: "T", start: 0, end: 4 };
    const turn = fold(
      { type: "CUSTOM", name: "citations", value: { message_id: "a", citations: [citation] } },
      ...message("a", "Yes [1]"),
    );
    expect(turn.citations["a"]).toEqual([citation]);
  });

  test("lets a message that is being written cite every source, and a finished one only its own", () => {
    const source = { index: 1, document_id: "d", title: "T", start: 0, end: 4 };
    const turn = fold({ type: "CUSTOM", name: "sources", value: { sources: [source] } }, ...message("a", "Yes [1]"));
    expect(citationsOf(turn, answers(turn)[0]!)).toEqual([source]);
    apply(turn, end("a"));
    expect(citationsOf(turn, answers(turn)[0]!)).toEqual([]);
  });

  test("tells how much was remembered, if anything was", () => {
    const recalled = (...memories: object[]) => fold({ type: "CUSTOM", name: "memory.recalled", value: { memories } });
    expect(recalled({ id: "a" }, { id: "b" }).items).toEqual([{ kind: "step", name: "Remembered 2 things", open: false }]);
    expect(recalled().items).toEqual([]);
  });

  test("collects a tool call's arguments and result", () => {
    const turn = fold(
      { type: "TOOL_CALL_START", toolCallId: "c", toolCallName: "clock" },
      { type: "TOOL_CALL_ARGS", toolCallId: "c", delta: '{"zone":' },
      { type: "TOOL_CALL_ARGS", toolCallId: "c", delta: '"UTC"}' },
      { type: "TOOL_CALL_END", toolCallId: "c" },
      { type: "TOOL_CALL_RESULT", toolCallId: "c", messageId: "m", content: "12:00" },
    );
    expect(turn.items).toEqual([
      { kind: "tool", id: "c", name: "clock", args: '{"zone":"UTC"}', result: "12:00", open: false },
    ]);
  });

  test("closes the newest open step of that name", () => {
    const turn = fold(
      { type: "STEP_STARTED", stepName: "search" },
      { type: "STEP_FINISHED", stepName: "search" },
      { type: "STEP_STARTED", stepName: "search" },
    );
    expect(turn.items).toEqual([
      { kind: "step", name: "search", open: false },
      { kind: "step", name: "search", open: true },
    ]);
  });

  test("leaves nothing open once it has failed", () => {
    const turn = fold(...message("a", "x"), { type: "RUN_ERROR", message: "No model", code: "unavailable" });
    expect(turn.status).toBe("failed");
    expect(turn.error).toEqual({ message: "No model", code: "unavailable" });
    expect(turn.items.every((item) => !item.open)).toBe(true);
  });

  test("does not show a message that said nothing", () => {
    const turn = fold(...message("a"), end("a"), { type: "TOOL_CALL_START", toolCallId: "c", toolCallName: "clock" });
    expect(sections(turn).map((section) => section.kind)).toEqual(["work"]);
  });

  test("says when it was cancelled", () => {
    expect(fold(finished("cancelled")).status).toBe("cancelled");
  });

  test("passes over events it does not show", () => {
    const turn = fold({ type: "STATE_SNAPSHOT", snapshot: {} }, { type: "CUSTOM", name: "citations", value: null });
    expect(turn.items).toEqual([]);
  });

  test("shows reasoning and steps between two answers as one section", () => {
    const turn = fold(
      ...message("a", "First"),
      { type: "STEP_STARTED", stepName: "model" },
      { type: "REASONING_MESSAGE_START", messageId: "q", role: "reasoning" },
      { type: "REASONING_MESSAGE_CONTENT", messageId: "q", delta: "Hm" },
      ...message("b", "Second"),
    );
    expect(sections(turn).map((s) => (s.kind === "answer" ? s.item.text : s.kind === "work" && s.items.length))).toEqual([
      "First",
      2,
      "Second",
    ]);
  });

  test("keeps what other agents say and do apart from what it says itself", () => {
    const inside = (event: RunEvent, id: string): RunEvent => ({ ...event, subagentRunId: id }) as RunEvent;
    const turn = fold(
      { type: "TOOL_CALL_START", toolCallId: "c1", toolCallName: "ask_writer" },
      { type: "SUBAGENT_STARTED", subagentRunId: "s1", name: "writer", parentToolCallId: "c1" },
      { type: "SUBAGENT_STARTED", subagentRunId: "s2", name: "poet", parentSubagentRunId: "s1" },
      ...message("a", "Roses").map((event) => inside(event, "s2")),
      inside(end("a"), "s2"),
      { type: "SUBAGENT_FINISHED", subagentRunId: "s2" },
      { type: "SUBAGENT_ERROR", subagentRunId: "s1", message: "No ink." },
      ...message("b", "Sorry."),
      end("b"),
      finished("success"),
    );
    expect(answers(turn).map((item) => item.text)).toEqual(["Sorry."]);
    const writer = turn.items.find((item) => item.kind === "subagent");
    expect(writer).toMatchObject({ name: "writer", callId: "c1", open: false, error: "No ink." });
    expect(writer?.items).toMatchObject([{ name: "poet", items: [{ text: "Roses", open: false }] }]);
  });

  test("says of another agent that it waits for somebody", () => {
    const turn = fold(
      { type: "SUBAGENT_STARTED", subagentRunId: "s1", name: "writer" },
      { type: "SUBAGENT_FINISHED", subagentRunId: "s1", outcome: { type: "suspended", interruptIds: ["i"] } },
    );
    expect(turn.items).toMatchObject([{ name: "writer", open: false, waits: true }]);
  });
});
