/** How the console looks here: its name, logo and colours, as the settings of the theme say. */

import type { EffectiveSettings } from "../api/types";
import { shades } from "../ui/accent";
import { api } from "./session.svelte";
import { remember } from "./storage";
import { theme } from "./theme.svelte";

const PATH = "/api/v1/settings/theme/effective";
const LOGO = "/api/v1/settings/theme/logo/effective";
const PLAIN = "Folkmoot";

class Brand {
  name = $state(PLAIN);
  logo = $state<string | null>(null);

  /** Reads the theme and puts it on; where it cannot be read the page stays as it is. */
  async load(): Promise<void> {
    const { fields } = await api.get<EffectiveSettings>(PATH);
    const value = (name: string) => fields[name]?.value ?? null;
    this.name = text(value("name")) ?? PLAIN;
    this.logo = (value("logo") && (await picture())) || ownPicture(text(value("logo_url")), location.origin);
    theme.suggest(text(value("color_scheme")));
    this.#paint(text(value("accent")));
  }

  /** Written through CSSOM, as the CSP wants, and kept so that the next visit begins with it. */
  #paint(accent: string | null): void {
    const properties = accentProperties(accent);
    const { style } = document.documentElement;
    for (const name of NAMES) style.removeProperty(name);
    for (const [name, color] of Object.entries(properties)) style.setProperty(name, color);
    remember("accent", Object.keys(properties).length > 0 ? JSON.stringify(properties) : null);
  }
}

export const brand = new Brand();

const NAMES = ["--accent", "--accent-strong", "--accent-soft", "--on-accent"];

/** The tokens of `tokens.css` that an accent replaces. */
function accentProperties(accent: string | null): Record<string, string> {
  const light = accent && shades(accent, "light");
  const dark = accent && shades(accent, "dark");
  if (!light || !dark) return {};
  const parts = ["accent", "strong", "soft", "on"] as const;
  return Object.fromEntries(parts.map((part, at) => [NAMES[at] ?? "", `light-dark(${light[part]}, ${dark[part]})`]));
}

/** The picture that was uploaded, written out so that an element without credentials can show it. */
async function picture(): Promise<string | null> {
  const response = await api.send(LOGO).catch(() => null);
  const data = await response?.blob();
  if (!data?.type.startsWith("image/")) return null;
  return await new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => resolve(null);
    reader.readAsDataURL(data);
  });
}

/** A picture that can be shown without asking another host, which the console never does. */
function ownPicture(url: string | null, origin: string): string | null {
  return url?.startsWith(`${origin}/`) ? url : null;
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
