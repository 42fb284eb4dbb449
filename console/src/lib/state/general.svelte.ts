/** What the general settings say of the console: whose clock it shows, and which agent it begins with. */

import type { EffectiveSettings } from "../api/types";
import { tellIn } from "../text/format";
import { api } from "./session.svelte";
import { recall, remember } from "./storage";

const PATH = "/api/v1/settings/general/effective";
/** What a deployment says that says nothing: the reader's own clock is the better one then. */
const UNSAID = "UTC";

class General {
  /** The agent of a conversation for which none was chosen. */
  agent = $state<string | null>(null);
  #zone = $state(recall("zone"));

  constructor() {
    tellIn(() => this.#zone ?? undefined);
  }

  /** Reads them; where they cannot be read everything stays as it is. */
  async load(): Promise<void> {
    const { fields } = await api.get<EffectiveSettings>(PATH);
    const { default_agent: agent, time_zone: zone } = fields;
    this.agent = typeof agent?.value === "string" ? agent.value : null;
    const said = zone?.source !== "deployment" || zone.value !== UNSAID;
    this.#zone = said && typeof zone?.value === "string" && known(zone.value) ? zone.value : null;
    // The next visit begins with it, so that no time jumps.
    remember("zone", this.#zone);
  }
}

/** Whether this browser knows a time zone. */
function known(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat(undefined, { timeZone: zone }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

export const general = new General();
