/** What a chart of stacked columns shows. */

export interface Amount {
  period: string;
  name: string;
  value: number;
}

export interface Column {
  period: string;
  /** One for each name. */
  values: number[];
  total: number;
}

export interface Stacks {
  names: string[];
  columns: Column[];
}

export const OTHERS = "all others";

/** A column for each period; the largest names by themselves, and all others together. */
export function stacks(amounts: readonly Amount[], periods: readonly string[], most = 6): Stacks {
  const totals = new Map<string, number>();
  for (const { name, value } of amounts) totals.set(name, (totals.get(name) ?? 0) + value);
  const ordered = [...totals].toSorted(([, a], [, b]) => b - a).map(([name]) => name);
  const names = ordered.length > most ? [...ordered.slice(0, most - 1), OTHERS] : ordered;
  const columns = new Map(periods.map((period) => [period, { period, values: names.map(() => 0), total: 0 }]));
  for (const { period, name, value } of amounts) {
    const column = columns.get(period);
    if (!column) continue;
    const at = names.includes(name) ? names.indexOf(name) : names.length - 1;
    column.values[at] = (column.values[at] ?? 0) + value;
    column.total += value;
  }
  return { names, columns: [...columns.values()] };
}

/** Round numbers from nothing to the largest or a little more. */
export function ticks(largest: number, about = 4): number[] {
  if (largest <= 0) return [0];
  const rough = largest / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((each) => each * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.ceil(largest / step - 1e-9) + 1 }, (_, at) => at * step);
}
