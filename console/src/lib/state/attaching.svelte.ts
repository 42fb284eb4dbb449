/** Pictures and files on their way into the next question. */

import { ENDINGS, KINDS } from "../documents/kinds";
import { withQuery } from "../api/client";
import { asProblem, Problem } from "../api/problem";
import { transfer } from "../api/transfer";
import type { Attachment } from "../api/types";
import { bytes } from "../text/format";
import { newId } from "../text/ids";
import { announcer } from "./announcer.svelte";

/** What the server takes; it looks at the content, whatever a file is called. */
export const MOST = 8;
const LARGEST = 5 * 1024 * 1024;
const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"];
export const ACCEPT = [...PICTURES, ...ENDINGS].join(",");
export const TYPES = `PNG, JPEG, GIF and WebP pictures, and ${KINDS} files`;

const isDocument = (name: string) => ENDINGS.some((ending) => name.toLowerCase().endsWith(ending));

export interface Enclosed {
  id: string;
  name: string;
  size: number;
  sent: number;
  /** Where the browser has the picture, if it is one that was chosen here. */
  preview: string | null;
  /** As the server keeps it; null while it is on its way. */
  kept: Attachment | null;
  problem: Problem | null;
}

export class Attaching {
  items = $state<Enclosed[]>([]);
  /** Why something was not even tried. */
  refused = $state("");
  readonly sending = $derived(this.items.some((item) => item.kept === null && item.problem === null));
  readonly failed = $derived(this.items.some((item) => item.problem !== null));
  readonly kept = $derived(this.items.flatMap((item) => (item.kept ? [item.kept] : [])));

  readonly #leaving = new Map<string, AbortController>();

  add(files: readonly File[]): void {
    const room = MOST - this.items.length;
    this.refused = files.length > room ? `A question can have ${MOST} pictures and files.` : "";
    if (this.refused) announcer.say(this.refused);
    for (const file of files.slice(0, room)) this.#take(file);
  }

  /** Takes one off again, also while it is being sent. */
  remove(id: string): void {
    this.#leaving.get(id)?.abort(new DOMException("It was taken off.", "AbortError"));
    const preview = this.items.find((item) => item.id === id)?.preview;
    if (preview) URL.revokeObjectURL(preview);
    this.items = this.items.filter((item) => item.id !== id);
    this.refused = "";
  }

  /** Answers what can be sent with a question, and begins anew. */
  take(): Attachment[] {
    const { kept } = this;
    this.clear();
    return kept;
  }

  /** What the server has refused with its question comes back. */
  put(attached: readonly Attachment[]): void {
    const back = attached.map((kept) => ({
      id: newId(),
      name: kept.name,
      size: kept.size,
      sent: kept.size,
      preview: null,
      kept,
      problem: null,
    }));
    this.items = [...back, ...this.items];
  }

  clear(): void {
    for (const { id } of [...this.items]) this.remove(id);
  }

  #take(file: File): void {
    const picture = PICTURES.includes(file.type);
    const preview = picture ? URL.createObjectURL(file) : null;
    const fresh = { id: newId(), name: file.name, size: file.size, sent: 0, preview, kept: null, problem: null };
    this.items.push(fresh);
    // Read back: only the proxy that the list holds is reactive.
    const item = this.items.at(-1) ?? fresh;
    const detail = refusal(file, picture);
    if (detail) this.#fail(item, new Problem(422, { detail }));
    else void this.#send(item, file);
  }

  async #send(item: Enclosed, file: File): Promise<void> {
    const leaving = new AbortController();
    this.#leaving.set(item.id, leaving);
    try {
      item.kept = await transfer<Attachment>({
        url: withQuery("/api/v1/attachments", { name: file.name.slice(-200) }),
        body: file,
        signal: leaving.signal,
        onProgress: (sent) => (item.sent = sent),
      });
      announcer.say(`${item.name} is attached.`);
    } catch (error) {
      if (!leaving.signal.aborted) this.#fail(item, asProblem(error));
    } finally {
      this.#leaving.delete(item.id);
    }
  }

  #fail(item: Enclosed, problem: Problem): void {
    item.problem = problem;
    announcer.say(`${item.name}: ${reason(problem)}`);
  }
}

/** Why a file cannot be attached, in one sentence. */
export function reason(problem: Problem): string {
  return problem.errors[0]?.detail ?? problem.detail;
}

function refusal(file: File, picture: boolean): string | null {
  if (!picture && !isDocument(file.name)) return `This is none of ${TYPES}.`;
  if (file.size > LARGEST) return `This has ${bytes(file.size)}; ${bytes(LARGEST)} can be attached at the most.`;
  return file.size === 0 ? "There is nothing in it." : null;
}
