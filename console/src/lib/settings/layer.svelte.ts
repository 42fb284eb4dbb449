/** What one layer says of a group of settings, what holds in the end, and what is being changed. */

import { withQuery } from "../api/client";
import type { EffectiveSettings, SettingsGroup, SettingsLayer, SettingsScope } from "../api/types";
import { Attempt } from "../state/attempt.svelte";
import { api } from "../state/session.svelte";
import { Versioned } from "../state/versioned";
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

  readonly #group: SettingsGroup;
  readonly #stored: Versioned<SettingsLayer>;

  constructor(group: SettingsGroup, scope: SettingsScope) {
    this.#group = group;
    this.#stored = new Versioned(withQuery(`/api/v1/settings/${group}`, { scope }));
  }

  /** Reads both anew; what is being changed stays. */
  async load(): Promise<void> {
    this.saving.problem = null;
    await this.loading.run(async () => {
      [this.layer, this.effective] = await Promise.all([
        this.#stored.read(),
        api.get<EffectiveSettings>(`/api/v1/settings/${this.#group}/effective`),
      ]);
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
      this.layer = await this.#stored.change({ values: this.edits, ...this.overrides });
      this.edits = {};
      this.overrides = {};
    });
    if (saved) await this.load();
    return saved;
  }
}
