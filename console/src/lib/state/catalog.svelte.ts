/** What a question can be asked with: agents, models and collections. Loaded once, on first use. */

import type { Page } from "../api/client";
import type { Agent, Collection, Model } from "../api/types";
import { api } from "./session.svelte";

class Catalog {
  agents = $state<Agent[]>([]);
  models = $state<Model[]>([]);
  collections = $state<Collection[]>([]);

  /** Reads all three; a list that cannot be read stays as it is, the chat works without it. */
  async load(): Promise<void> {
    await Promise.allSettled([
      api.get<Page<Agent>>("/api/agents").then((page) => (this.agents = page.items)),
      api.get<Page<Model>>("/api/v1/models").then((page) => (this.models = page.items)),
      this.loadCollections(),
    ]);
  }

  async loadCollections(): Promise<void> {
    const page = await api.get<Page<Collection>>("/api/v1/collections?limit=100");
    this.collections = page.items;
  }
}

export const catalog = new Catalog();
