/** How many tool calls wait for a decision that is the reader's to make: the badge in the sidebar. */

import { withQuery, type Page } from "../api/client";
import type { Approval } from "../api/types";
import { api, session } from "../state/session.svelte";
import { isLate, mayApprove } from "./rights";

const MOST = 100;
const EVERY_MS = 30_000;

class Waiting {
  count = $state(0);
  readonly label = $derived(this.count >= MOST ? `${MOST - 1}+` : String(this.count));

  /** Counts anew; what cannot be counted now is counted the next time. */
  async refresh(): Promise<void> {
    const { me } = session;
    if (!me || !session.may("approvals:read")) return;
    const path = withQuery("/api/v1/approvals", { state: "pending", limit: MOST });
    try {
      const { items } = await api.get<Page<Approval>>(path);
      this.count = items.filter((each) => mayApprove(each, me) && !isLate(each)).length;
    } catch {
      // A badge is not worth a complaint.
    }
  }

  /** Counts every now and then while the page is looked at; ends what it began when called. */
  watch(): () => void {
    const look = () => document.visibilityState === "visible" && void this.refresh();
    look();
    const timer = setInterval(look, EVERY_MS);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }
}

export const waiting = new Waiting();
