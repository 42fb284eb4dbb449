/** What one layer says of a group of settings, what holds in the end, and what is being changed. */

import { withQuery } from "../api/client";
import type { EffectiveSettings, SettingsGroup, SettingsLayer, SettingsScope } from "../api/types";
import { Attempt } from "../state/attempt.svelte";
import { api } from "../state/session.svelte";
import type { Json } from "./fields";

export type Override = "allow_team_override" | "allow_user_override";

export class LayerForm {
  layer = $state.raw<SettingsLayer | null>(null);
  effective = $state.raw<EffectiveSettings | null>(null);
  /** Fields that were changed here and are not saved; null unsets. */
  edits = $state.raw<Record<string, Json>>({});
  overrides = $state.raw<Partial<Record<Override, boolean>>>({});
  readonly loading = new Attempt();
  readonly saving = new Attempt();
  readonly changed = $derived(Object.keys(this.edits).length + Object.keys(this.overrides).length > 0);
  /** Whether somebody else was faster. */
  readonly conflict = $derived(this.saving.problem?.status === 412);

  readonly #group: SettingsGroup;
  readonly #scope: SettingsScope;
  #etag = "";

  constructor(group: SettingsGroup, scope: SettingsScope) {
    this.#group = group;
    this.#scope = scope;
  }

  /** Reads both anew; what is being changed stays. */
  async load(): Promise<void> {
    this.saving.problem = null;
    await this.loading.run(async () => {
      const [response, effective] = await Promise.all([
        api.send(this.#path),
        api.get<EffectiveSettings>(`/api/v1/settings/${this.#group}/effective`),
      ]);
      this.#take((await response.json()) as SettingsLayer, response);
      this.effective = effective;
    });
  }

  value(name: string): Json | undefined {
    return name in this.edits ? this.edits[name] : (this.layer?.values[name] as Json | undefined);
  }

  set(name: string, value: Json): void {
    const { [name]: _, ...rest } = this.edits;
    const stored = (this.layer?.values[name] ?? null) as Json;
    this.edits = JSON.stringify(stored) === JSON.stringify(value) ? rest : { ...rest, [name]: value };
  }

  /** Whether those below may set what is set here; they may unless the layer says no. */
  allows(name: Override): boolean {
    return this.overrides[name] ?? this.layer?.[name] !== false;
  }

  allow(name: Override, allowed: boolean): void {
    const { [name]: _, ...rest } = this.overrides;
    this.overrides = (this.layer?.[name] !== false) === allowed ? rest : { ...rest, [name]: allowed };
  }

  async save(): Promise<boolean> {
    const saved = await this.saving.run(async () => {
      const headers = { "If-Match": this.#etag, Accept: "application/json" };
      const body = { values: this.edits, ...this.overrides };
      const response = await api.send(this.#path, { method: "PATCH", body, headers });
      this.edits = {};
      this.overrides = {};
      this.#take((await response.json()) as SettingsLayer, response);
    });
    if (saved) await this.load();
    return saved;
  }

  get #path(): string {
    return withQuery(`/api/v1/settings/${this.#group}`, { scope: this.#scope });
  }

  #take(layer: SettingsLayer, response: Response): void {
    this.layer = layer;
    this.#etag = response.headers.get("ETag") ?? "";
  }
}
