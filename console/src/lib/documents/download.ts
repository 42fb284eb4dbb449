/** Saves a document's original file; it needs the bearer token, so a plain link would not do. */

import type { SourceDocument } from "../api/types";
import { api } from "../state/session.svelte";

const ONE_MINUTE = 60_000;

export async function download(document: SourceDocument): Promise<void> {
  const response = await api.send(`/api/v1/documents/${document.id}/file`);
  const url = URL.createObjectURL(await response.blob());
  // Saved, never opened: an uploaded page would otherwise run in the console's origin.
  const link = window.document.createElement("a");
  link.href = url;
  link.download = document.filename ?? document.title;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), ONE_MINUTE);
}
