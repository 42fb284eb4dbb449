/** What a browser calls itself, in a few words. */

const PROGRAMS: [RegExp, string][] = [
  [/\bEdg\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\bFirefox\//, "Firefox"],
  [/\bFxiOS\//, "Firefox"],
  [/\b(?:Chrome|HeadlessChrome|CriOS)\//, "Chrome"],
  [/\bSafari\//, "Safari"],
];

const SYSTEMS: [RegExp, string][] = [
  [/\b(?:iPhone|iPad)\b/, "iOS"],
  [/\bAndroid\b/, "Android"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b/, "macOS"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b/, "Linux"],
];

/** "Firefox on Linux"; what is no browser keeps its first word. */
export function device(agent: string | null): string {
  if (!agent) return "Unknown device";
  const program = PROGRAMS.find(([pattern]) => pattern.test(agent))?.[1] ?? agent.split(/[\s/]/, 1)[0];
  const system = SYSTEMS.find(([pattern]) => pattern.test(agent))?.[1];
  return system ? `${program} on ${system}` : (program ?? agent);
}
