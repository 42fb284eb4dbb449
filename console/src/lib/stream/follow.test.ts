import { describe, expect, test } from "vitest";
import { Problem, unreachable } from "../api/problem";
import type { RunEvent } from "./events";
import { backOff, follow, type Connection } from "./follow";

const LOG: RunEvent[] = [
  { type: "RUN_STARTED", threadId: "t", runId: "r" },
  { type: "TEXT_MESSAGE_START", messageId: "m", role: "assistant" },
  { type: "TEXT_MESSAGE_CONTENT", messageId: "m", delta: "Hello" },
  { type: "TEXT_MESSAGE_CONTENT", messageId: "m", delta: " world" },
  { type: "TEXT_MESSAGE_END", messageId: "m" },
  { type: "RUN_FINISHED", threadId: "t", runId: "r", outcome: { type: "success" } },
];

function frames(from: number, to: number): string {
  return LOG.slice(from - 1, to)
    .map((event, index) => `id: ${from + index}\ndata: ${JSON.stringify(event)}\n\n`)
    .join("");
}

function body(text: string, end: "close" | "error" = "close"): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      if (text) controller.enqueue(new TextEncoder().encode(text));
      else if (end === "error") controller.error(new TypeError("network error"));
      else controller.close();
      text = "";
    },
  });
}

type Answer = (after: number) => ReadableStream<Uint8Array> | Error;

/** Plays one scripted answer per connection and records what the follower did. */
async function play(answers: Answer[], signal = new AbortController().signal) {
  const opened: number[] = [];
  const seen: number[] = [];
  const connections: Connection[] = [];
  const pauses: number[] = [];
  const outcome = follow({
    async open(after) {
      opened.push(after);
      const answer = answers.shift();
      if (!answer) throw new Error("one connection too many");
      const result = answer(after);
      if (result instanceof Error) throw result;
      return result;
    },
    onEvent: (seq) => seen.push(seq),
    onConnection: (connection) => connections.push(connection),
    pause: async (milliseconds) => void pauses.push(milliseconds),
    signal,
  });
  const terminal = await outcome.catch((error: unknown) => error);
  return { terminal, opened, seen, connections, pauses };
}

const everyone = [1, 2, 3, 4, 5, 6];

describe("follow", () => {
  test("an undisturbed stream gives each event once and ends with the terminal one", async () => {
    const { terminal, seen, connections } = await play([() => body(frames(1, 6))]);
    expect(seen).toEqual(everyone);
    expect(terminal).toMatchObject({ type: "RUN_FINISHED" });
    expect(connections).toEqual(["connecting", "live"]);
  });

  test("a stream that ends without a terminal event is not success: it is read on", async () => {
    const { opened, seen } = await play([() => body(frames(1, 3)), (after) => body(frames(after + 1, 6))]);
    expect(opened).toEqual([0, 3]);
    expect(seen).toEqual(everyone);
  });

  test("a broken connection is read on from the last event", async () => {
    const { seen, connections } = await play([
      () => body(frames(1, 2), "error"),
      () => unreachable(),
      (after) => body(frames(after + 1, 6)),
    ]);
    expect(seen).toEqual(everyone);
    expect(connections).toEqual(["connecting", "live", "reconnecting", "reconnecting", "live"]);
  });

  test("a frame cut in half is read again, whole", async () => {
    const whole = frames(1, 4);
    const { opened, seen } = await play([
      () => body(whole.slice(0, -20)),
      (after) => body(frames(after + 1, 6)),
    ]);
    expect(opened).toEqual([0, 3]);
    expect(seen).toEqual(everyone);
  });

  test("events that come twice are applied once", async () => {
    const { seen } = await play([() => body(frames(1, 4)), () => body(frames(1, 6))]);
    expect(seen).toEqual(everyone);
  });

  test("a gap in the ids is not skipped over", async () => {
    const { opened, seen } = await play([
      () => body(frames(1, 2) + frames(4, 6)),
      (after) => body(frames(after + 1, 6)),
    ]);
    expect(opened).toEqual([0, 2]);
    expect(seen).toEqual(everyone);
  });

  test("frames without an id are not events of the log", async () => {
    const stray = `data: ${JSON.stringify({ type: "RUN_ERROR", message: "no" })}\n\n`;
    const { seen, terminal } = await play([() => body(stray + frames(1, 6))]);
    expect(seen).toEqual(everyone);
    expect(terminal).toMatchObject({ type: "RUN_FINISHED" });
  });

  test("a busy server is tried again no sooner than it asks", async () => {
    const busy = new Problem(503, {}, new Headers({ "Retry-After": "3" }));
    const { pauses, seen } = await play([() => busy, () => body(frames(1, 6))]);
    expect(pauses[0]).toBe(3000);
    expect(seen).toEqual(everyone);
  });

  test("a refusal that will not pass ends it", async () => {
    const refused = new Problem(404, { title: "No such run" });
    const { terminal, opened } = await play([() => refused]);
    expect(terminal).toBe(refused);
    expect(opened).toEqual([0]);
  });

  test("leaving stops it between two connections", async () => {
    const left = new AbortController();
    const { terminal, opened } = await play(
      [
        () => {
          left.abort(new Error("left"));
          return body(frames(1, 2));
        },
      ],
      left.signal,
    );
    expect(terminal).toMatchObject({ message: "left" });
    expect(opened).toEqual([0]);
  });

  test("progress resets the back-off", async () => {
    const gone = () => unreachable();
    const { pauses } = await play([gone, gone, gone, () => body(frames(1, 2)), () => body(frames(3, 6))]);
    expect(pauses[2]).toBeGreaterThan(700);
    expect(pauses[3]).toBeLessThanOrEqual(250);
  });
});

test("the back-off doubles, stays under five seconds and never reaches zero", () => {
  expect([1, 2, 3, 20].map((attempt) => backOff(attempt, () => 0))).toEqual([250, 500, 1000, 5_000]);
  expect(backOff(1, () => 1)).toBeGreaterThan(100);
});
