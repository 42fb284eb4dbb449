/** How much was used, in the units that people read. */

import type { BudgetStanding, UsageTotal } from "../api/types";

export type Measure = "micro_usd" | "tokens" | "calls";

export const MEASURES: Record<Measure, string> = { micro_usd: "Cost", tokens: "Tokens", calls: "Calls" };

const MILLION = 1e6;

export function amountOf(usage: UsageTotal, measure: Measure): number {
  return measure === "tokens" ? usage.input_tokens + usage.output_tokens : usage[measure];
}

/** An amount with its unit: "$1.25", "12,000 tokens". */
export function told(amount: number, unit: Measure): string {
  if (unit === "micro_usd") return usd(amount);
  return `${amount.toLocaleString()} ${amount === 1 ? unit.slice(0, -1) : unit}`;
}

/** Millionths of a dollar; what is less than a dollar with as many digits as say something. */
export function usd(micro: number): string {
  const dollars = micro / MILLION;
  const digits = dollars === 0 || dollars >= 1 ? 2 : dollars >= 0.01 ? 3 : 6;
  const style = { style: "currency", currency: "USD", minimumFractionDigits: 2, maximumFractionDigits: digits } as const;
  return dollars.toLocaleString(undefined, style);
}

/** An amount as an axis has room for it: "$2", "1.2M". */
export function short(amount: number, unit: Measure): string {
  if (unit === "micro_usd") return amount === 0 ? "$0" : usd(amount).replace(/\.00$/, "");
  return amount.toLocaleString(undefined, { notation: "compact", maximumFractionDigits: 1 });
}

/** How many of all answers were there already. */
export function share({ cached_answers, calls }: UsageTotal): string {
  const all = cached_answers + calls;
  return (all > 0 ? cached_answers / all : 0).toLocaleString(undefined, { style: "percent", maximumFractionDigits: 1 });
}

/** The share of a limit that is gone or put aside, from 0 to 1. */
export function gone({ spent, reserved, amount }: BudgetStanding): number {
  const used = (spent ?? 0) + (reserved ?? 0);
  return amount > 0 ? Math.min(1, used / amount) : 1;
}
