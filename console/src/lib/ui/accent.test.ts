import { describe, expect, test } from "vitest";
import { contrast, parse, shades } from "./accent";

const HARD = ["#000000", "#ffffff", "#ffee00", "#3b5bdb", "#ff0000", "#7f7f7f", "#00ff00", "#0000ff"];
const GROUNDS = { light: ["#f7f5f0", "#ffffff", "#ebe7dd"], dark: ["#161613", "#24231f", "#2b2a25"] };
const AA = 4.5;

function between(one: string, other: string): number {
  return contrast(parse(one)!, parse(other)!);
}

describe.each(HARD)("shades of %s", (color) => {
  test.each(["light", "dark"] as const)("can be read on a %s page", (scheme) => {
    const { accent, strong, soft, on } = shades(color, scheme)!;
    for (const ground of GROUNDS[scheme]) expect(between(accent, ground)).toBeGreaterThanOrEqual(AA);
    expect(between(strong, soft)).toBeGreaterThanOrEqual(AA);
    expect(between(on, accent)).toBeGreaterThanOrEqual(AA);
    expect(between(on, strong)).toBeGreaterThanOrEqual(AA);
  });
});

test("a colour that can be read stays as it is", () => {
  expect(shades("#124a3a", "light")?.accent).toBe("#124a3a");
});

test("what is no colour has no shades", () => {
  expect(shades("red", "light")).toBeNull();
});
