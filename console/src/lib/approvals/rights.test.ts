import { expect, test } from "vitest";
import type { Approval, Me } from "../api/types";
import { isLate, mayApprove } from "./rights";

const DECIDER = ["approvals:decide"];
const MANAGER = ["approvals:decide", "approvals:manage"];

function may(approvers: Approval["approvers"], permissions: string[], own: boolean): boolean {
  const approval = { approvers, requester_id: own ? "me" : "another" } as Approval;
  return mayApprove(approval, { id: "me", permissions } as Me);
}

test("whoever has asked approves, and whoever looks after approvals", () => {
  expect(may("requester", DECIDER, true)).toBe(true);
  expect(may("requester", DECIDER, false)).toBe(false);
  expect(may("requester", MANAGER, false)).toBe(true);
  expect(may("requester", ["approvals:manage"], false)).toBe(false);
});

test("others approve where the policy wants a second person", () => {
  expect(may("approvers", DECIDER, true)).toBe(false);
  expect(may("approvers", MANAGER, true)).toBe(true);
  expect(may("others", MANAGER, true)).toBe(false);
  expect(may("others", MANAGER, false)).toBe(true);
});

test("a call is late when its time is over, whether or not that is on record", () => {
  const approval = { state: "pending", expires_at: "2026-01-01T00:00:00Z" } as Approval;
  const end = Date.parse(approval.expires_at);
  expect(isLate(approval, end - 1)).toBe(false);
  expect(isLate(approval, end)).toBe(true);
  expect(isLate({ ...approval, state: "expired" }, end - 1)).toBe(true);
});
