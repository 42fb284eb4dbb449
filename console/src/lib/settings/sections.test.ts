import { expect, test } from "vitest";
import { offered, type Section } from "./sections";

const part = (id: string, permission?: string): Section => ({
  id,
  label: id,
  about: "",
  icon: "gear",
  ...(permission !== undefined && { permission }),
});

test("parts of the settings need their permission, and some need none", () => {
  const all = [part("audit", "audit:read"), part("sessions"), part("keys", "api_keys:read")];
  const shown = offered((permission) => permission === "api_keys:read", all);
  expect(shown.map((each) => each.id)).toEqual(["sessions", "keys"]);
});
