/** Saves an answer as a file; it needs the bearer token, so a plain link would not do. */

import { api } from "../state/session.svelte";

const ONE_MINUTE = 60_000;

export async function save(path: string, name: string): Promise<void> {
  const response = await api.send(path);
  const url = URL.createObjectURL(await response.blob());
  // Saved, never opened: an uploaded page would otherwise run in the console's origin.
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), ONE_MINUTE);
}
