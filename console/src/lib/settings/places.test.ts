import { expect, test } from "vitest";
import { places } from "./places";

const scopes = (manages: boolean, team: { name: string; role: string } | null) =>
  places({ manages, organization: "Engines", team }).map((place) => place.scope);

test("everybody changes their own, admins of a team the team's, and managers everything", () => {
  expect(scopes(false, null)).toEqual(["user"]);
  expect(scopes(false, { name: "Research", role: "member" })).toEqual(["user"]);
  expect(scopes(false, { name: "Research", role: "admin" })).toEqual(["user", "team"]);
  expect(scopes(true, { name: "Research", role: "member" })).toEqual(["user", "team", "organization"]);
  expect(scopes(true, null)).toEqual(["user", "organization"]);
});
