import { expect, test } from "vitest";
import type { Message } from "../api/types";
import { answers } from "../stream/turn";
import { entriesOf } from "./history";

function message(id: string, role: string, run: string | null, extra: Partial<Message> = {}): Message {
  const said = { id, role, run_id: run, content: `${id} text`, created_at: "", cut: false, parent_id: null, rating: null };
  return { ...said, attachments: [], citations: [], children: [], siblings: [], tool_calls: [], tool_call_id: null, ...extra };
}

test("what was imported is shown without a log", () => {
  const entries = entriesOf([message("q", "user", null), message("a", "assistant", null)], null);
  expect(entries.map((entry) => entry.kind)).toEqual(["question", "turn"]);
  expect(entries[1]).toMatchObject({ turn: { logged: false, complete: true } });
});

test("the messages of one run make one turn", () => {
  const entries = entriesOf(
    [message("q", "user", "r1"), message("a", "assistant", "r1"), message("b", "assistant", "r1")],
    null,
  );
  expect(entries.map((entry) => entry.kind)).toEqual(["question", "turn"]);
  expect(entries[1]?.kind === "turn" && entries[1].turn.items).toHaveLength(2);
});

test("what the active run has stored is left to its replay, its question is not", () => {
  const entries = entriesOf(
    [message("q", "user", "r1"), message("a", "assistant", "r1"), message("p", "user", "r2"), message("b", "assistant", "r2")],
    "r2",
  );
  expect(entries.map((entry) => (entry.kind === "turn" ? entry.turn.runId : entry.id))).toEqual(["q", "r1", "p"]);
});

test("a message that was written anew does not count as an answer", () => {
  const cut = message("a", "assistant", "r", { cut: true });
  const [entry] = entriesOf([cut, message("b", "assistant", "r")], null);
  expect(entry?.kind === "turn" && answers(entry.turn).map((item) => item.id)).toEqual(["b"]);
});

test("a question that was never answered keeps the way to its log", () => {
  const entries = entriesOf([message("q", "user", "r1"), message("p", "user", "r2"), message("a", "assistant", "r2")], null);
  expect(entries.map((entry) => (entry.kind === "turn" ? entry.turn.items.length : entry.id))).toEqual(["q", 0, "p", 1]);
});

test("tool messages are not shown as answers", () => {
  expect(entriesOf([message("t", "tool", "r")], null)).toEqual([]);
});

test("what was said to a run at work stands in its turn", () => {
  const said = [message("q", "user", "r1"), message("t", "tool", "r1"), message("s", "user", "r1"), message("a", "assistant", "r1")];
  const [question, entry] = entriesOf(said, null);
  expect(question).toMatchObject({ kind: "question", id: "q" });
  expect(entry?.kind === "turn" && entry.turn.items.map((item) => item.kind)).toEqual(["said", "text"]);
  expect(entriesOf(said, "r1").map((each) => each.kind)).toEqual(["question"]);
});

test("a question that was asked anew has one answer", () => {
  const entries = entriesOf([message("q", "user", "r1"), message("a", "assistant", "r2")], null);
  expect(entries.map((entry) => (entry.kind === "turn" ? entry.turn.runId : entry.id))).toEqual(["q", "r2"]);
});

test("calls that somebody decided about keep their place before the run that went on", () => {
  const entries = entriesOf(
    [
      message("q", "user", "r1"),
      message("c", "assistant", "r1", { content: "" }),
      message("t", "tool", "r2"),
      message("a", "assistant", "r2"),
    ],
    null,
  );
  expect(entries.map((entry) => (entry.kind === "turn" ? entry.turn.runId : entry.id))).toEqual(["q", "r1", "r2"]);
});
