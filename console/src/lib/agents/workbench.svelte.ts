/** An agent that is being made: what its newest version holds, and what is to become of it. */

import type { AgentContent, AgentLabel, OwnAgent } from "../api/types";
import { Attempt } from "../state/attempt.svelte";
import { catalog } from "../state/catalog.svelte";
import { api } from "../state/session.svelte";
import { Versioned } from "../state/versioned";

export const AGENTS = "/api/v1/agents";

export class Workbench {
  agent = $state.raw<OwnAgent | null>(null);
  /** What the form says; null until there is an agent. */
  content = $state<AgentContent | null>(null);
  readonly loading = new Attempt();
  readonly saving = new Attempt();
  readonly changed = $derived(this.content !== null && told(this.content) !== told(this.agent?.content));
  /** The list of versions looks at this: another number, another list. */
  seen = $state(0);

  readonly path: string;
  readonly #stored: Versioned<OwnAgent>;

  constructor(id: string) {
    this.path = `${AGENTS}/${id}`;
    this.#stored = new Versioned(this.path);
  }

  async load(): Promise<void> {
    this.saving.problem = null;
    await this.loading.run(async () => {
      this.#take(await this.#stored.read());
      this.reset();
    });
  }

  /** Makes the next version, and puts it into production if it shall. */
  async save(note: string, publish: boolean): Promise<boolean> {
    return await this.saving.run(async () => {
      await this.#change({ ...this.content, note });
      this.reset();
      if (publish && this.agent) await this.publish(this.agent.latest, "production");
    });
  }

  /** Calls it otherwise; that makes no version. */
  async describe(name: string, description: string): Promise<void> {
    await this.#change({ name, description });
  }

  async publish(number: number, label: AgentLabel): Promise<void> {
    await api.post(`${this.path}/versions/${number}/publish`, { label });
    await this.#again();
  }

  async withdraw(label: AgentLabel): Promise<void> {
    await api.delete(`${this.path}/labels/${label}`);
    await this.#again();
  }

  async remove(): Promise<void> {
    await this.#stored.remove();
    await catalog.loadAgents();
  }

  /** Lets the form say what a version holds. */
  take(content: AgentContent): void {
    this.content = structuredClone(content);
  }

  reset(): void {
    if (this.agent) this.take(this.agent.content);
  }

  async #change(body: Record<string, unknown>): Promise<void> {
    this.#take(await this.#stored.change(body));
    await catalog.loadAgents();
  }

  /** Reads it anew; what the form says stays. */
  async #again(): Promise<void> {
    this.#take(await this.#stored.read());
    await catalog.loadAgents();
  }

  #take(agent: OwnAgent): void {
    this.agent = agent;
    this.seen += 1;
  }
}

/** A version as it can be compared: an empty field is one that was never set. */
function told(content: AgentContent | undefined): string {
  return JSON.stringify(content, (_, value: unknown) => value ?? null);
}
