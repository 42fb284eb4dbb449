import { recall, remember } from "./storage";

export type Theme = "system" | "light" | "dark";

/** What is chosen in this browser; without that what the settings say, else as the system is. */
class ThemeChoice {
  current = $state<Theme>("system");

  constructor() {
    this.current = known(recall("theme"));
  }

  choose(theme: Theme): void {
    this.current = theme;
    remember("theme", theme === "system" ? null : theme);
    this.#apply();
  }

  /** Takes what the settings say, and keeps it so that the next visit begins with it. */
  suggest(scheme: string | null): void {
    const theme = known(scheme);
    remember("scheme", theme === "system" ? null : theme);
    this.#apply();
  }

  #apply(): void {
    const theme = this.current === "system" ? known(recall("scheme")) : this.current;
    if (theme === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
  }
}

function known(theme: string | null): Theme {
  return theme === "light" || theme === "dark" ? theme : "system";
}

export const theme = new ThemeChoice();
