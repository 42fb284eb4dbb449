import { describe, expect, it } from "vitest";
import type { Webhook, WebhookDelivery } from "../api/types";
import { choices, outcome, stateOf } from "./words";

const hook: Webhook = {
  id: "1",
  url: "https://example.com/hook",
  events: ["*"],
  description: "",
  enabled: true,
  ended: null,
  failing_since: null,
  previous_until: null,
  created_at: "2026-11-21T09:30:00Z",
  updated_at: "2026-11-21T09:30:00Z",
};
const delivery: WebhookDelivery = {
  id: "2",
  event_id: "3",
  type: "run.completed",
  state: "pending",
  attempts: [],
  next_attempt_at: null,
  created_at: "2026-11-21T09:30:00Z",
  finished_at: null,
};
const at = "2026-11-21T09:30:00Z";

describe("webhooks", () => {
  it("say how they stand", () => {
    expect(stateOf(hook)).toEqual({ words: "in use", look: "good" });
    expect(stateOf({ ...hook, failing_since: at }).look).toBe("bad");
    expect(stateOf({ ...hook, enabled: false })).toEqual({ words: "off", look: "" });
    expect(stateOf({ ...hook, enabled: false, ended: "gone" }).words).toContain("gone");
  });

  it("can be told everything, all of an area, or one kind", () => {
    const types = ["run.completed", "run.failed", "member.joined"].map((name) => ({
      name,
      description: "It is.",
      example: {},
    }));
    expect(choices(types).map(({ value }) => value)).toEqual([
      "*",
      "run.*",
      "run.completed",
      "run.failed",
      "member.*",
      "member.joined",
    ]);
  });

  it("say what came of a delivery", () => {
    expect(outcome(delivery)).toBe("not sent yet");
    expect(outcome({ ...delivery, attempts: [{ at, status: 500, error: null }] })).toBe("500");
    expect(outcome({ ...delivery, attempts: [{ at, status: null, error: "address_unreachable" }] })).toBe("no answer");
    expect(outcome({ ...delivery, attempts: [{ at, status: null, error: "answer_unusable" }] })).toBe("answer_unusable");
  });
});
