/** What the next question is asked with; remembered by the browser. */

import type { Agent } from "../api/types";
import { catalog } from "./catalog.svelte";
import type { AskOptions } from "./saying";
import { general } from "./general.svelte";
import type { Meanwhile } from "./saying";
import { recall, remember } from "./storage";

const DEFAULT_AGENT = "chat";

class Asking {
  #agent = $state(recall("agent"));
  #workflow = $state(recall("workflow"));
  #model = $state(recall("model"));
  #meanwhile = $state<Meanwhile>(recall("meanwhile") === "steer" ? "steer" : "queue");
  #collections = $state<string[]>((recall("collections") ?? "").split(",").filter(Boolean));

  /** Those that can be asked now. */
  readonly agents = $derived(catalog.agents.filter((each) => each.available));
  readonly agent = $derived(
    this.#named(this.#agent) ?? this.#named(general.agent) ?? this.#named(DEFAULT_AGENT) ?? this.agents[0] ?? null,
  );
  readonly workflow = $derived(this.agent?.workflows.find((each) => each === this.#workflow) ?? null);
  readonly model = $derived(catalog.models.some((each) => each.name === this.#model) ? this.#model : null);
  readonly collections = $derived(
    this.#collections.filter((id) => catalog.collections.some((each) => each.id === id)),
  );

  /** The name of the model that answers, if it is known that it is shown no pictures. */
  readonly blind = $derived.by(() => {
    // Others may have a model of their own.
    if (!this.model && this.agent?.origin !== "built_in") return null;
    const asked = catalog.models.find((each) => (this.model ? each.name === this.model : each.is_default));
    // Of some nothing is known.
    return asked?.capabilities.length && !asked.capabilities.includes("images") ? asked.name : null;
  });

  /** Whether documents are searched: as wished, or of the server's own accord if there are any. */
  readonly searches = $derived(
    this.workflow === null ? catalog.collections.some((each) => each.documents > 0) : this.workflow === "rag",
  );

  /** When a message is heard that comes while a run is at work. */
  get meanwhile(): Meanwhile {
    return this.#meanwhile;
  }

  set meanwhile(when: Meanwhile) {
    this.#meanwhile = when;
    remember("meanwhile", when);
  }

  set(choice: "agent" | "workflow" | "model", value: string | null): void {
    if (choice === "agent") this.#agent = value;
    else if (choice === "workflow") this.#workflow = value;
    else this.#model = value;
    remember(choice, value);
  }

  #named(name: string | null): Agent | undefined {
    return this.agents.find((each) => each.id === name || each.slug === name);
  }

  toggle(collection: string): void {
    const rest = this.collections.filter((id) => id !== collection);
    this.#collections = rest.length < this.collections.length ? rest : [...rest, collection];
    remember("collections", this.#collections.join(",") || null);
  }

  /** Answers only from one collection: the wish behind "Ask about this collection". */
  only(collection: string): void {
    this.#collections = [collection];
    remember("collections", collection);
  }

  options(): AskOptions {
    return {
      agent: this.agent?.id ?? DEFAULT_AGENT,
      workflow: this.workflow,
      model: this.model,
      collections: this.collections,
    };
  }
}

export const asking = new Asking();
