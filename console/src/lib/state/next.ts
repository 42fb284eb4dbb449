/** The page that asked for the sign-in: it is gone on to afterwards, also by way of an outside issuer. */

const KEPT = "folkmoot.next";
const INSIDE = /^\/(?:invitation|chat|documents|runs|settings)(?:\/[\w.:-]+){0,2}(?:#[\w=&]*)?$/;

/** The page that an address like `/sign-in?next=…` names; only ever one of ours. */
export function nextPath(search: string): string {
  return inside(new URLSearchParams(search).get("next"));
}

/** Keeps it in this tab while somebody else says who one is. */
export function keepNext(search: string): void {
  try {
    sessionStorage.setItem(KEPT, nextPath(search));
  } catch {
    // Without storage one comes back to the chat.
  }
}

/** Takes what was kept, once; null if nothing was. */
export function takeNext(): string | null {
  try {
    const kept = sessionStorage.getItem(KEPT);
    sessionStorage.removeItem(KEPT);
    return kept === null ? null : inside(kept);
  } catch {
    return null;
  }
}

function inside(path: string | null): string {
  return path !== null && INSIDE.test(path) ? path : "/";
}
