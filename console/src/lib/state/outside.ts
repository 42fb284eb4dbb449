/** Why an outside issuer has not signed somebody in, as the server puts it into the address. */

import { Problem } from "../api/problem";

const REASONS: Record<string, string> = {
  outside_sign_in_failed: "Signing in there was broken off, took too long, or was begun in another browser.",
  unauthenticated: "Who you are there has no account here. Ask whoever runs this server.",
  issuer_away: "Whoever says who you are does not answer right now. Try again in a while.",
  issuer_not_found: "Nobody signs in that way here any more.",
};

/** The problem that an address like `/sign-in?problem=…` names; null if it names none. */
export function outsideProblem(search: string): Problem | null {
  const code = new URLSearchParams(search).get("problem");
  const detail = code === null ? undefined : REASONS[code];
  return code && detail ? new Problem(401, { code, detail }) : null;
}
