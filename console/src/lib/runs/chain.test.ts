import { expect, test } from "vitest";
import type { LoggedEvent, Run } from "../api/types";
import { chainState } from "./chain";

const events: LoggedEvent[] = [1, 2, 3].map((seq) => ({ seq, type: "x", payload: {}, at: "", hash: `h${seq}` }));
const run = { events: 3, head: "h3" } as Run;

test("a log without gaps whose last hash is the head is whole", () => {
  expect(chainState(run, events, true)).toBe("whole");
});

test("another head, a gap and a surplus event are each noticed", () => {
  expect(chainState({ ...run, head: "other" }, events, true)).toBe("broken");
  expect(chainState(run, [events[0]!, events[2]!], true)).toBe("broken");
  expect(chainState({ ...run, events: 2 }, events, true)).toBe("broken");
});

test("what has not been read yet is not called whole", () => {
  expect(chainState(run, events.slice(0, 2), true)).toBe("partial");
  expect(chainState(run, events, false)).toBe("open");
});
