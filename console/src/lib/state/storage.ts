/** Small preferences in localStorage, which a browser may refuse. */

export function remember(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`folkmoot.${name}`);
    else localStorage.setItem(`folkmoot.${name}`, value);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

export function recall(name: string): string | null {
  try {
    return localStorage.getItem(`folkmoot.${name}`);
  } catch {
    return null;
  }
}
