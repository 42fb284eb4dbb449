/** Who may say what to a tool call that waits. The server decides; this only says what to offer. */

import type { Approval, Me } from "../api/types";

const MANAGE = "approvals:manage";
const DECIDE = "approvals:decide";

/** Whether somebody may let a call be made, by the policy that it is asked under. */
export function mayApprove(approval: Approval, me: Me): boolean {
  const manages = me.permissions.includes(MANAGE);
  const own = approval.requester_id === me.id;
  const may = { requester: own || manages, approvers: manages, others: manages && !own };
  return me.permissions.includes(DECIDE) && may[approval.approvers];
}

/** Whether somebody may say that a call is not made. */
export function mayReject(me: Me): boolean {
  return me.permissions.includes(DECIDE);
}

/** Whether it is too late to let a call be made. */
export function isLate(approval: Approval, now: number = Date.now()): boolean {
  return approval.state === "expired" || Date.parse(approval.expires_at) <= now;
}
