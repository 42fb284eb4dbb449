import { describe, expect, test } from "vitest";
import { changes, queryOf, sentence } from "./audit";

describe("a filter", () => {
  const nothing = { action: "", actor: "", from: "", to: "" };

  test("of nothing asks for everything", () => {
    expect(queryOf(nothing)).toEqual({ action: "", actor_id: "", since: null, until: null });
  });

  test.each([
    ["member", "member.*"],
    [" API key ", "api_key.*"],
    ["api_key.created", "api_key.created"],
    ["m*", "m*"],
  ])("%j means %j", (typed, action) => {
    expect(queryOf({ ...nothing, action: typed })).toMatchObject({ action });
  });

  test("of one day lasts from its midnight to the next", () => {
    const { since, until } = queryOf({ ...nothing, from: "2026-11-30", to: "2026-11-30" });
    expect(since).toBe(new Date(2026, 10, 30).toISOString());
    expect(until).toBe(new Date(2026, 11, 1).toISOString());
  });
});

test("changes are told field by field", () => {
  expect(changes({ role: "member", gone: 1 }, { role: "admin", scopes: ["a"] })).toEqual([
    { field: "role", before: "member", after: "admin" },
    { field: "gone", before: "1", after: null },
    { field: "scopes", before: null, after: '["a"]' },
  ]);
  expect(changes(null, null)).toEqual([]);
});

test("actions are written as words", () => {
  expect(sentence("api_key.created")).toBe("API key created");
  expect(sentence("member.role_changed")).toBe("Member role changed");
});
