/** The colours of what can be pressed, made of one colour so that they can be read. */

type Rgb = readonly [number, number, number];

const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];
/** The grounds that links and buttons stand on: the ones that are hardest to read on. */
const GROUND = { light: [235, 231, 221], dark: [43, 42, 37] } as const;
const PAPER = { light: [247, 245, 240], dark: [29, 28, 25] } as const;
/** What WCAG asks of text, and a little more: browsers round. */
const READABLE = 4.6;
const STEPS = 40;

export interface Shades {
  accent: string;
  strong: string;
  soft: string;
  on: string;
}

/** The shades for a light or a dark page; null if that is no colour. */
export function shades(color: string, scheme: "light" | "dark"): Shades | null {
  const given = parse(color);
  if (!given) return null;
  const ground = GROUND[scheme];
  const away = scheme === "light" ? BLACK : WHITE;
  const accent = readable(given, [ground], away);
  const soft = mix(PAPER[scheme], accent, 0.12);
  const strong = readable(mix(accent, away, 0.2), [ground, soft], away);
  const on = contrast(accent, WHITE) >= READABLE ? WHITE : mix(accent, BLACK, 0.85);
  return { accent: hex(accent), strong: hex(strong), soft: hex(soft), on: hex(on) };
}

/** How well two colours can be told apart (WCAG 2). */
export function contrast(one: Rgb, other: Rgb): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

export function parse(color: string): Rgb | null {
  const found = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color);
  if (!found) return null;
  const [red = 0, green = 0, blue = 0] = found.slice(1).map((part) => parseInt(part, 16));
  return [red, green, blue];
}

/** The first shade on the way to black or white that can be read on all those grounds. */
function readable(color: Rgb, grounds: readonly Rgb[], away: Rgb): Rgb {
  for (let step = 0; step < STEPS; step += 1) {
    const shade = mix(color, away, step / STEPS);
    if (grounds.every((ground) => contrast(shade, ground) >= READABLE)) return shade;
  }
  return away;
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const part = (index: 0 | 1 | 2) => Math.round(from[index] + (to[index] - from[index]) * share);
  return [part(0), part(1), part(2)];
}

function luminance(color: Rgb): number {
  const [red = 0, green = 0, blue = 0] = color.map((part) => {
    const value = part / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function hex(color: Rgb): string {
  return `#${color.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}
