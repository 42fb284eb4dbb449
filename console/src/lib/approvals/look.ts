/** How approvals are told. */

import type { Approval, ApprovalState } from "../api/types";

export const STATES: Record<ApprovalState, { label: string; pill: string }> = {
  pending: { label: "Waiting", pill: "wait" },
  approved: { label: "Approved", pill: "good" },
  rejected: { label: "Rejected", pill: "bad" },
  expired: { label: "Expired", pill: "" },
  withdrawn: { label: "Withdrawn", pill: "" },
};

const WHY: Record<string, string> = {
  untrusted_input: "The agent has read something that anybody may have written, and this call has an effect.",
  policy: "Calls like this one are approved each time.",
};

export function whyOf(approval: Approval): string {
  return WHY[approval.why] ?? approval.why;
}

/** What the decision was, in a sentence. */
export function outcomeOf(approval: Approval): string {
  switch (approval.state) {
    case "pending":
      return "Nobody has decided yet.";
    case "approved":
      return approval.edited ? "The call was made with other arguments." : "The call was let through.";
    case "rejected":
      return "The call was not made.";
    case "expired":
      return "Nobody decided in time, so the call was not made.";
    case "withdrawn":
      return "The conversation was deleted before anybody decided.";
  }
}
