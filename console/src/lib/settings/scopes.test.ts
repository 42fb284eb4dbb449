import { expect, test } from "vitest";
import { bySubject, words } from "./scopes";

test("permissions are gathered by what they are about", () => {
  expect(bySubject(["runs:read", "agents:run", "runs:cancel"])).toEqual([
    { name: "agents", verbs: ["run"] },
    { name: "runs", verbs: ["cancel", "read"] },
  ]);
  expect(bySubject([])).toEqual([]);
});

test("names of the API are written as words", () => {
  expect(words("api_keys")).toBe("API keys");
});
