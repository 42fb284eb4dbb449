/** A secret that came behind the hash of an address: in memory only, and out of the address at once. */
class Invited {
  token = $state.raw<string | null>(null);

  /** Takes what is behind the hash, before anything else happens to it. */
  take(): void {
    const token = secretOfHash();
    if (token) this.token = token;
  }
}

export function secretOfHash(): string | null {
  const secret = decodeURIComponent(location.hash.slice(1));
  if (!secret) return null;
  history.replaceState(null, "", location.pathname + location.search);
  return secret;
}

export const invited = new Invited();
