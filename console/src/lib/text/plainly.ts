/** JSON as it is, with nothing in it that a screen would hide. */

const NEWLINE = "\n";

/**
 * Writes a value as indented JSON. What has no shape of its own (marks that turn the direction of
 * the text, spaces without width) is written as an escape, so that nothing looks like what it is
 * not; read back, it is the same value.
 */
export function plainly(value: unknown): string {
  const written = JSON.stringify(value, null, 2);
  return written.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu, (found) => (found === NEWLINE ? found : escaped(found)));
}

function escaped(text: string): string {
  const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}

/** Reads an object that somebody has written as JSON; null if it is none. */
export function objectOf(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    const is = typeof value === "object" && value !== null && !Array.isArray(value);
    return is ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
