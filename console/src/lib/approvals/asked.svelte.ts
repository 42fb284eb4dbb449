/** What the runs of one conversation have asked, and what is said to it but not sent yet. */

import { withQuery, type Page } from "../api/client";
import type { Approval, ApprovalDecision } from "../api/types";
import { api, session } from "../state/session.svelte";

/** More of them are read in the list of approvals. */
const MOST = 100;

/** An answer to an interrupt, as AG-UI wants it. */
export interface Resume {
  interruptId: string;
  status: "resolved";
  payload: { approved: boolean; editedArgs?: Record<string, unknown>; reason?: string; remember?: boolean };
}

export class Asked {
  readonly #conversation: string;
  #items = $state.raw<Approval[]>([]);
  #drafts = $state.raw<ReadonlyMap<string, ApprovalDecision>>(new Map());

  readonly waiting = $derived(this.#items.filter((each) => each.state === "pending"));
  /** Whether something is said to all that waits. */
  readonly ready = $derived(this.waiting.length > 0 && this.waiting.every((each) => this.#drafts.has(each.id)));

  constructor(conversation: string) {
    this.#conversation = conversation;
  }

  /** Reads what was asked, as it stands by now. */
  async load(): Promise<void> {
    if (!session.may("approvals:read")) return;
    const query = { conversation_id: this.#conversation, limit: MOST };
    const page = await api.get<Page<Approval>>(withQuery("/api/v1/approvals", query));
    this.#items = page.items.toReversed();
  }

  /** What a run has asked, by its id or by the ids of its questions. */
  of(runId: string, ids: readonly string[]): Approval[] {
    return this.#items.filter((each) => each.run_id === runId || ids.includes(each.id));
  }

  /** The tool of a call whose result came in another run than the call itself. */
  toolOf(callId: string): string | null {
    return this.#items.find((each) => each.call_id === callId)?.tool ?? null;
  }

  draft(id: string): ApprovalDecision | null {
    return this.#drafts.get(id) ?? null;
  }

  /** Says something to a call; null takes it back. */
  say(id: string, decision: ApprovalDecision | null): void {
    const drafts = new Map(this.#drafts);
    if (decision) drafts.set(id, decision);
    else drafts.delete(id);
    this.#drafts = drafts;
  }

  /** All that is said to what waits, to be sent together. */
  answers(): Resume[] {
    return this.waiting.flatMap((each) => {
      const decision = this.#drafts.get(each.id);
      return decision ? [resumeOf(each.id, decision)] : [];
    });
  }
}

export function resumeOf(id: string, said: ApprovalDecision): Resume {
  const payload: Resume["payload"] = { approved: said.decision !== "reject" };
  if (said.arguments) payload.editedArgs = said.arguments;
  if (said.reason) payload.reason = said.reason;
  if (said.remember) payload.remember = true;
  return { interruptId: id, status: "resolved", payload };
}
