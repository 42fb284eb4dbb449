import { expect, test } from "vitest";
import { certain, mannerOf, told } from "./words";

test("a way to search is told by its mode and by what else was asked for", () => {
  expect(mannerOf({ mode: "hybrid", filters: null, rerank: false } as never)).toBe("hybrid");
  expect(mannerOf({ mode: "dense", rerank: true, mmr: 0.5 } as never)).toBe("dense, rerank, mmr 0.5");
});

test("numbers are told with their intervals, and differences with their signs", () => {
  expect(told({ mean: 0.7123, low: 0.65, high: 0.75 })).toBe("0.712 (0.650 to 0.750)");
  expect(told({ mean: 0.01, low: -0.02, high: 0.03 }, true)).toBe("+0.010 (-0.020 to +0.030)");
});

test("a difference counts if nothing is not in its interval", () => {
  expect(certain({ mean: 0.1, low: 0.01, high: 0.2, p: 0.01 })).toBe(true);
  expect(certain({ mean: -0.1, low: -0.2, high: -0.01, p: 0.01 })).toBe(true);
  expect(certain({ mean: 0.1, low: -0.01, high: 0.2, p: 0.2 })).toBe(false);
});
