/** How evaluations are told. */

import type { Difference, Estimate, Manner } from "../api/types";

export const EVALUATIONS = "/api/v1/evaluations";
export const MEASURES = { ndcg: "nDCG", recall: "Recall", mrr: "MRR" } as const;

export type Measure = keyof typeof MEASURES;

/** What tells one way to search from others: its mode, and whatever else was asked for. */
export function mannerOf(manner: Manner): string {
  const { mode, ...others } = manner;
  const parts = Object.entries(others).filter(([, value]) => value !== null && value !== undefined && value !== false);
  return [mode, ...parts.map(([name, value]) => (value === true ? name : `${name} ${JSON.stringify(value)}`))].join(", ");
}

export function told({ mean, low, high }: Estimate, signed = false): string {
  const number = (value: number) => (signed && value > 0 ? "+" : "") + value.toFixed(3);
  return `${number(mean)} (${number(low)} to ${number(high)})`;
}

/** Whether a difference is more than chance would make, as one usually asks. */
export function certain({ low, high }: Difference): boolean {
  return low > 0 || high < 0;
}
