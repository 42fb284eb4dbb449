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
  link.download = fileName(response, document.title);
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), ONE_MINUTE);
}

function fileName(response: Response, title: string): string {
  const disposition = response.headers.get("content-disposition") ?? "";
  const encoded = /filename\*=utf-8''([^;]+)/i.exec(disposition)?.[1];
  if (encoded) return decodeURIComponent(encoded);
  return /filename="([^"]+)"/i.exec(disposition)?.[1] ?? title;
}
