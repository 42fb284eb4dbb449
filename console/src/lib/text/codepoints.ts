/** The API counts Unicode code points; JavaScript strings count UTF-16 units. */

/** UTF-16 offsets of the given code point offsets, which must be in ascending order. */
export function toUtf16(text: string, points: readonly number[]): number[] {
  const units: number[] = [];
  let unit = 0;
  let point = 0;
  for (const wanted of points) {
    while (point < wanted && unit < text.length) {
      unit += isLeading(text, unit) ? 2 : 1;
      point += 1;
    }
    units.push(unit);
  }
  return units;
}

function isLeading(text: string, index: number): boolean {
  const high = text.charCodeAt(index);
  if (high < 0xd800 || high > 0xdbff) return false;
  const low = text.charCodeAt(index + 1);
  return low >= 0xdc00 && low <= 0xdfff;
}
