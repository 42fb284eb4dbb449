/** The console's own addresses; the server answers all of them with the same page. */

export type Route =
  | { name: "chat"; id: string | null }
  | { name: "documents"; id: string | null; item: string | null }
  | { name: "agents"; id: string | null }
  | { name: "runs"; id: string | null }
  | { name: "approvals"; id: string | null }
  | { name: "deleted" }
  | { name: "operations" }
  | { name: "settings"; id: string | null; item: string | null }
  | { name: "sign-in" }
  | { name: "register" }
  | { name: "invitation" }
  | { name: "reset-password" }
  | { name: "shared" }
  | { name: "missing" };

const ID = "([A-Za-z0-9_.:-]{1,200})";

const PATTERNS: [RegExp, (id: string | null, item: string | null) => Route][] = [
  [/^\/$/, () => ({ name: "chat", id: null })],
  [new RegExp(`^/chat/${ID}$`), (id) => ({ name: "chat", id })],
  [new RegExp(`^/documents(?:/${ID})?(?:/${ID})?$`), (id, item) => ({ name: "documents", id, item })],
  [new RegExp(`^/agents(?:/${ID})?$`), (id) => ({ name: "agents", id })],
  [new RegExp(`^/runs(?:/${ID})?$`), (id) => ({ name: "runs", id })],
  [new RegExp(`^/approvals(?:/${ID})?$`), (id) => ({ name: "approvals", id })],
  [/^\/deleted$/, () => ({ name: "deleted" })],
  [/^\/operations$/, () => ({ name: "operations" })],
  [new RegExp(`^/settings(?:/${ID})?(?:/${ID})?$`), (id, item) => ({ name: "settings", id, item })],
  [/^\/sign-in$/, () => ({ name: "sign-in" })],
  [/^\/register$/, () => ({ name: "register" })],
  [/^\/invitation$/, () => ({ name: "invitation" })],
  [/^\/reset-password$/, () => ({ name: "reset-password" })],
  [/^\/shared$/, () => ({ name: "shared" })],
];

export function match(path: string): Route {
  for (const [pattern, route] of PATTERNS) {
    const found = pattern.exec(path);
    if (found) return route(found[1] ?? null, found[2] ?? null);
  }
  return { name: "missing" };
}

class Router {
  path = $state(location.pathname);
  readonly route = $derived(match(this.path));

  constructor() {
    addEventListener("popstate", () => (this.path = location.pathname));
    addEventListener("click", (event) => this.#follow(event));
  }

  go(path: string, { replace = false } = {}): void {
    if (replace) history.replaceState(null, "", path);
    else if (path !== location.pathname + location.search + location.hash) history.pushState(null, "", path);
    this.path = location.pathname;
  }

  /** Takes plain clicks on links to the console's pages; all others stay the browser's. */
  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest("a");
    if (!link || link.target || link.hasAttribute("download")) return;
    if (link.origin !== location.origin || match(link.pathname).name === "missing") return;
    if (link.hash && link.pathname === location.pathname) return;
    event.preventDefault();
    this.go(link.pathname + link.search + link.hash);
  }
}

export const router = new Router();
