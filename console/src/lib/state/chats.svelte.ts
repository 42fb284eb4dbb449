/** The conversations that this page holds open: going elsewhere and back does not end a stream. */

import { Chat } from "./chat.svelte";

class Chats {
  #open = new Map<string, Chat>();
  #draft: Chat | null = null;

  /** The conversation to show; null is one that has not begun. */
  visit(id: string | null): Chat {
    if (id === null) return this.#newest();
    const held = this.#open.get(id);
    if (held?.running) return held;
    if (this.#draft?.id === id && this.#draft.entries.length > 0) return this.#draft;
    held?.close();
    const chat = new Chat(id);
    this.#open.set(id, chat);
    void chat.open();
    return chat;
  }

  /** Keeps a draft under its id from its first question on. */
  keep(chat: Chat): void {
    this.#open.set(chat.id, chat);
  }

  forget(id: string): void {
    this.#open.get(id)?.close();
    this.#open.delete(id);
  }

  /** Closes every window; the runs go on without us. */
  clear(): void {
    for (const id of [...this.#open.keys()]) this.forget(id);
    this.#draft = null;
  }

  #newest(): Chat {
    if (this.#draft?.status !== "new") this.#draft = new Chat();
    return this.#draft;
  }
}

export const chats = new Chats();
