/** What a question can be asked with: agents, models and collections. Loaded once, on first use. */

import { withQuery, type Page } from "../api/client";
import type { Agent, Collection, Model, ModelList, Notice } from "../api/types";
import { api } from "./session.svelte";

class Catalog {
  agents = $state<Agent[]>([]);
  models = $state<Model[]>([]);
  collections = $state<Collection[]>([]);
  notices = $state<Notice[]>([]);
  /** Whether all three have been asked for once. */
  ready = $state(false);

  /** Reads all three; a list that cannot be read stays as it is, the chat works without it. */
  async load(): Promise<void> {
    await Promise.allSettled([
      this.loadAgents(),
      this.loadModels(),
      this.loadCollections(),
    ]);
    this.ready = true;
  }

  async loadAgents(): Promise<void> {
    this.agents = (await api.get<Page<Agent>>("/api/agents")).items;
  }

  async loadModels(): Promise<void> {
    const models: Model[] = [];
    let cursor: string | null = null;
    do {
      const query = { kind: "chat", limit: 100, cursor };
      const page: ModelList = await api.get<ModelList>(withQuery("/api/v1/models", query));
      models.push(...page.items);
      this.notices = page.notices;
      cursor = page.next_cursor;
    } while (cursor !== null);
    this.models = models;
  }

  async loadCollections(): Promise<void> {
    const page = await api.get<Page<Collection>>("/api/v1/collections?limit=100");
    this.collections = page.items;
  }
}

export const catalog = new Catalog();
