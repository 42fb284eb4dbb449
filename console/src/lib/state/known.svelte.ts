/** What the server has told of the messages on the screen: where ways part, and what is thought of them. */

import type { Message, Rating } from "../api/types";
import { answers, type Turn } from "../stream/turn";

export class Known {
  #messages = $state.raw<ReadonlyMap<string, Message>>(new Map());

  keep(messages: readonly Message[]): void {
    const fresh = messages.map((message) => [message.id, message] as const);
    this.#messages = new Map([...this.#messages, ...fresh]);
  }

  clear(): void {
    this.#messages = new Map();
  }

  get(id: string): Message | undefined {
    return this.#messages.get(id);
  }

  /** The message by which a turn differs from others that answer the same question. */
  first(turn: Turn): Message | undefined {
    const run = this.last(turn)?.run_id ?? turn.runId;
    return [...this.#messages.values()].find(
      (message) => message.run_id === run && message.role === "assistant" && this.#answers(message),
    );
  }

  /** The last message of a turn that says something: the one that is rated, and forked from. */
  last(turn: Turn): Message | undefined {
    const said = answers(turn).at(-1);
    return said && this.#messages.get(said.id);
  }

  rate(message: Message, rating: Rating | null): void {
    this.keep([{ ...message, rating }]);
  }

  #answers({ parent_id: parent }: Message): boolean {
    return parent !== null && this.#messages.get(parent)?.role === "user";
  }
}
