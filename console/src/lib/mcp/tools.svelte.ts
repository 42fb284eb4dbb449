/** The tools of one MCP server, and what is to hold of them. */

import type { Page } from "../api/client";
import type { Asks, McpServer, McpTest, McpTool } from "../api/types";
import { Attempt } from "../state/attempt.svelte";
import { api } from "../state/session.svelte";
import { Versioned } from "../state/versioned";
import { SERVERS } from "./words";

export class ServerTools {
  server = $state.raw<McpServer | null>(null);
  items = $state.raw<McpTool[]>([]);
  tested = $state.raw<McpTest | null>(null);
  readonly loading = new Attempt();
  readonly testing = new Attempt();
  readonly changing = new Attempt();
  readonly path: string;
  readonly #stored: Versioned<McpServer>;

  constructor(id: string) {
    this.path = `${SERVERS}/${id}`;
    this.#stored = new Versioned(this.path);
  }

  async load(): Promise<void> {
    await this.loading.run(async () => {
      const [server, tools] = await Promise.all([
        this.#stored.read(),
        api.get<Page<McpTool>>(`${this.path}/tools`),
      ]);
      this.server = server;
      // What has to be looked at comes first.
      this.items = tools.items.toSorted((a, b) => Number(b.changed) - Number(a.changed));
    });
  }

  async test(): Promise<void> {
    const tested = await this.testing.run(async () => {
      this.tested = await api.post<McpTest>(`${this.path}/test`);
    });
    if (tested) await this.load();
  }

  /** Changes one tool; what is enabled is what stands on the screen, and nothing newer. */
  async change(tool: McpTool, change: { enabled?: boolean; approval?: Asks | null }): Promise<void> {
    const looked = change.enabled ? { fingerprint: tool.fingerprint } : {};
    const done = await this.changing.run(async () => {
      const body = { tools: [{ name: tool.name, ...change, ...looked }] };
      const { items } = await api.patch<Page<McpTool>>(`${this.path}/tools`, body);
      const fresh = new Map(items.map((each) => [each.name, each]));
      this.items = this.items.map((each) => fresh.get(each.name) ?? each);
    });
    if (!done) await this.load();
  }

  /** Changes the server itself; refused if it is not as it stands on the screen. */
  async edit(change: Record<string, unknown>): Promise<McpServer> {
    return (this.server = await this.#stored.change(change));
  }

  async switch(enabled: boolean): Promise<void> {
    await this.changing.run(async () => void (await this.edit({ enabled })));
  }

  async remove(): Promise<void> {
    await this.#stored.remove();
  }
}
