/** Saves a document's original file. */

import { save } from "../api/save";
import type { SourceDocument } from "../api/types";

export async function download(document: SourceDocument): Promise<void> {
  await save(`/api/v1/documents/${document.id}/file`, document.filename ?? document.title);
}
