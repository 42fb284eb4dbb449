import { expect, test } from "vitest";
import { givable } from "./roles";

test("nobody gives a role that is higher than their own", () => {
  expect(givable("admin")).toEqual(["member", "admin"]);
  expect(givable("owner")).toContain("owner");
  expect(givable(undefined)).toEqual([]);
});
