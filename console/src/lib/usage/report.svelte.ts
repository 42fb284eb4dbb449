/** What models were used for in some days, by day or month and model. */

import { withQuery } from "../api/client";
import type { Usage, UsagePage } from "../api/types";
import { Attempt } from "../state/attempt.svelte";
import { api } from "../state/session.svelte";
import { amountOf, type Measure } from "./measures";
import { dayIn, days, months, sinceDays } from "./periods";
import { stacks, type Stacks } from "./stacks";

export const USAGE = "/api/v1/usage";
/** From here on there are more days than columns have room for. */
const MANY_DAYS = 100;
const PAGE = 100;
const MOST_PAGES = 50;

export class Report {
  readonly loading = new Attempt();
  #first = $state.raw<UsagePage | null>(null);
  #items = $state.raw<Usage[]>([]);
  #months = $state(false);
  #asked = 0;

  readonly total = $derived(this.#first?.total ?? null);
  readonly periods = $derived.by(() => {
    if (!this.#first) return [];
    const { since, until, time_zone: zone } = this.#first;
    const [from, to] = [dayIn(new Date(since), zone), dayIn(new Date(until), zone)];
    return this.#months ? months(from, to) : days(from, to);
  });

  /** Reads as many days as shall be shown, today among them. */
  async load(count: number): Promise<void> {
    const turn = (this.#asked += 1);
    const by = count > MANY_DAYS ? "month" : "day";
    const query = { group_by: [by, "model"], since: await this.since(count), limit: PAGE };
    await this.loading.run(async () => {
      const pages = await this.#pages(query);
      if (turn !== this.#asked) return;
      this.#months = by === "month";
      this.#items = pages.flatMap((page) => page.items);
      this.#first = pages[0] ?? null;
    });
  }

  stacks(measure: Measure): Stacks {
    const amounts = this.#items.map((each) => ({
      period: (this.#months ? each.month : each.day) ?? "",
      name: each.model ?? "unknown",
      value: amountOf(each, measure),
    }));
    return stacks(amounts, this.periods);
  }

  /** The moment from which on calls count: a midnight of the organisation. */
  async since(count: number): Promise<string> {
    const zone = this.#first?.time_zone ?? (await this.#zone());
    return sinceDays(count, zone);
  }

  async #zone(): Promise<string> {
    const page = await api.get<UsagePage>(withQuery(USAGE, { group_by: ["month"], limit: 1 })).catch(() => null);
    return page?.time_zone ?? "UTC";
  }

  async #pages(query: { group_by: string[]; since: string; limit: number }): Promise<UsagePage[]> {
    const pages: UsagePage[] = [];
    let cursor: string | null = null;
    do {
      const page: UsagePage = await api.get<UsagePage>(withQuery(USAGE, { ...query, cursor }));
      pages.push(page);
      cursor = page.next_cursor;
    } while (cursor !== null && pages.length < MOST_PAGES);
    return pages;
  }
}
