import { describe, expect, it } from "vitest";
import type { MemoryStatus } from "../api/types";
import { standing } from "./words";

const ON: MemoryStatus = {
  memory: "full",
  reading: "on",
  model: "openai:gpt-5",
  strategy: "own",
  untrusted: false,
  memories: 3,
  most: 1000,
  waiting_turns: 0,
};

describe("standing", () => {
  it("says whether what somebody says is read, and by which model", () => {
    expect(standing(ON)).toContain("read afterwards by openai:gpt-5.");
    expect(standing({ ...ON, waiting_turns: 2 })).toContain("2 turns still to be read.");
    expect(standing({ ...ON, memory: "always" })).toMatch(/^In every turn/);
  });

  it("says why nothing is read", () => {
    expect(standing({ ...ON, reading: "no_model" })).toContain("offline model");
    expect(standing({ ...ON, reading: "not_allowed" })).toContain("not allowed");
    expect(standing({ ...ON, reading: "not_installed" })).toContain("not installed");
    expect(standing({ ...ON, memory: "off", reading: "off" })).toContain("Nothing is remembered");
  });
});
