import { describe, expect, test } from "vitest";
import type { EffectiveField } from "../api/types";
import { restricted } from "./bounds";
import { FIELDS } from "./fields";

const FIELD = FIELDS.guardrails.redact_pii;
const HOLDING: EffectiveField = {
  value: true,
  source: "organization",
  locked: false,
  locks: [],
  bounds: [{ level: "user", by: "organization", limit: true }],
  cut: [],
};

describe("a restriction", () => {
  test("is told to whom it binds, and to nobody else", () => {
    expect(restricted(FIELD, HOLDING, "user")).toBe(
      "The organisation has set yes: here it can be made stricter, not looser.",
    );
    expect(restricted(FIELD, HOLDING, "organization")).toBeNull();
    expect(restricted(FIELD, undefined, "user")).toBeNull();
  });

  test("tells who has gone further that it counts only so far", () => {
    const cut = { ...HOLDING, cut: [{ level: "user", by: "organization" } as const] };
    expect(restricted(FIELD, cut, "user")).toBe(
      "The organisation has set yes: what is set here goes further, and counts only so far.",
    );
  });

  test("names models and numbers as they are read", () => {
    const models = { ...HOLDING, bounds: [{ level: "team", by: "deployment", limit: ["a:b", "c:d"] } as const] };
    expect(restricted(FIELDS.models.allowed_models, models as EffectiveField, "team")).toContain(
      "The deployment has set a:b, c:d:",
    );
  });
});
