import { expect, test } from "vitest";
import { fieldName, linesOf, schemaOf, schemaText, slugOf, workflowName } from "./words";

test.each([
  ["Customer support!", "customer-support"],
  ["Café Größe", "cafe-gro-e"],
  ["3 wise men", "wise-men"],
  ["日本", ""],
])("the address of %s is %s", (name, slug) => expect(slugOf(name)).toBe(slug));

test("an address is never longer than the API takes", () => {
  expect(slugOf(`${"a".repeat(47)} b`)).toBe("a".repeat(47));
});

test("lines are told apart and counted once", () => expect(linesOf(" pay \n\nsend\npay")).toEqual(["pay", "send"]));

test("what this console does not know goes by its own name", () => {
  expect(workflowName("other")).toBe("other");
  expect(fieldName("top_p")).toBe("Top p");
  expect(fieldName("system_prompt")).toBe("Instructions");
});

test("a schema is an object, or nothing", () => {
  expect(schemaOf(" ")).toBeNull();
  expect(schemaOf("[1]")).toBeUndefined();
  expect(schemaOf('{"type": ')).toBeUndefined();
  expect(schemaOf(schemaText({ type: "object" }))).toEqual({ type: "object" });
});
