import { expect, test } from "vitest";
import type { BudgetStanding, UsageTotal } from "../api/types";
import { amountOf, gone, short, told, usd } from "./measures";
import { days, months, sinceDays } from "./periods";
import { OTHERS, stacks, ticks } from "./stacks";

test("money is written with the digits that say something", () => {
  expect([0, 1_250_000, 41_200, 17].map(usd)).toEqual(["$0.00", "$1.25", "$0.041", "$0.000017"]);
  expect(short(2_000_000, "micro_usd")).toBe("$2");
  expect(told(1, "calls")).toBe("1 call");
  expect(amountOf({ input_tokens: 2, output_tokens: 3 } as UsageTotal, "tokens")).toBe(5);
});

test("what is put aside is gone, and a limit of nothing is used up", () => {
  expect(gone({ amount: 10, spent: 2, reserved: 3 } as BudgetStanding)).toBe(0.5);
  expect(gone({ amount: 0, spent: 0, reserved: 0 } as BudgetStanding)).toBe(1);
  expect(gone({ amount: 1, spent: 9, reserved: 0 } as BudgetStanding)).toBe(1);
});

test.each([
  ["UTC", "2026-11-30T01:00:00Z", "2026-11-24T00:00:00.000Z"],
  ["America/New_York", "2026-11-30T01:00:00Z", "2026-11-23T05:00:00.000Z"],
  ["Asia/Tokyo", "2026-11-30T01:00:00Z", "2026-11-23T15:00:00.000Z"],
  // The clocks went back on 25 October.
  ["Europe/Berlin", "2026-10-28T12:00:00Z", "2026-10-21T22:00:00.000Z"],
])("seven days of %s begin at midnight there", (zone, now, since) => {
  expect(sinceDays(7, zone, new Date(now))).toBe(since);
});

test("no day and no month is left out", () => {
  expect(days("2026-10-24", "2026-10-26")).toEqual(["2026-10-24", "2026-10-25", "2026-10-26"]);
  expect(months("2026-11-30", "2027-01-01")).toEqual(["2026-11", "2026-12", "2027-01"]);
});

test("the largest have colours of their own and the others share one", () => {
  const amounts = ["a", "b", "c", "d"].map((name, at) => ({ period: "1", name, value: 10 - at }));
  const { names, columns } = stacks([...amounts, { period: "2", name: "d", value: 1 }], ["1", "2", "3"], 3);
  expect(names).toEqual(["a", "b", OTHERS]);
  expect(columns.map((column) => column.values)).toEqual([[10, 9, 15], [0, 0, 1], [0, 0, 0]]);
  expect(columns.map((column) => column.total)).toEqual([34, 1, 0]);
});

test.each([
  [0, [0]],
  [3, [0, 1, 2, 3]],
  [41_200, [0, 20_000, 40_000, 60_000]],
])("the axis to %s has round numbers", (largest, expected) => expect(ticks(largest)).toEqual(expected));
