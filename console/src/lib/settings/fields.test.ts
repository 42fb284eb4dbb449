import { describe, expect, test } from "vitest";
import { FIELDS, read, told, written, type Json } from "./fields";

describe("a setting", () => {
  test.each<[Parameters<typeof written>[0], Json, string]>([
    [FIELDS.general.language, "de", "de"],
    [FIELDS.retrieval.k, 8, "8"],
    [FIELDS.guardrails.redact_pii, false, "no"],
    [FIELDS.models.allowed_models, ["a:b", "c:d"], "a:b\nc:d"],
    [FIELDS.theme.accent, "#3b5bdb", "#3b5bdb"],
    [FIELDS.retrieval.k, null, ""],
  ])("of %o is read as it was written", (field, value, text) => {
    expect(written(field, value)).toBe(text);
    expect(read(field, text)).toEqual(value);
  });

  test("forgives what does not matter", () => {
    expect(read(FIELDS.models.allowed_models, " a:b \n\n")).toEqual(["a:b"]);
    expect(read(FIELDS.theme.accent, "#3B5BDB")).toBe("#3b5bdb");
    expect(written(FIELDS.retrieval.k, undefined)).toBe("");
  });

  test("is told in words", () => {
    expect(told(FIELDS.retrieval.mode, "dense")).toBe("By meaning");
    expect(told(FIELDS.guardrails.denied_tools, [])).toBe("nothing");
    expect(told(FIELDS.models.allowed_models, ["a:b", "c:d"])).toBe("a:b, c:d");
    expect(told(FIELDS.budget.daily_calls, null)).toBe("nothing");
  });
});
