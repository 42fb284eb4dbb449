import { recall, remember } from "./storage";

export type Theme = "system" | "light" | "dark";

class ThemeChoice {
  current = $state<Theme>("system");

  constructor() {
    const stored = recall("theme");
    if (stored === "light" || stored === "dark") this.current = stored;
  }

  choose(theme: Theme): void {
    this.current = theme;
    remember("theme", theme === "system" ? null : theme);
    if (theme === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
  }
}

export const theme = new ThemeChoice();
