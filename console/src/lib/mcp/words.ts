/** What MCP servers and their tools are called here. */

import type { Asks, McpServer, McpTool } from "../api/types";

export const SERVERS = "/api/v1/mcp-servers";

export const TRANSPORTS: Record<McpServer["transport"], string> = {
  http: "Streamable HTTP",
  sse: "Server-sent events (older servers)",
  stdio: "A program that the operator allows",
};

export const ASKS: Record<Asks, string> = {
  always: "Each time",
  after_untrusted: "After reading what anybody may have written",
  never: "Never",
};

export const AUTHS: Record<McpServer["auth"], string> = {
  none: "Nothing",
  secret: "A secret that is kept here",
  oauth: "That each person grants it (OAuth)",
};

/** How a server stands, as one look at it. */
export function stateOf(server: McpServer): { words: string; look: "good" | "wait" | "bad" | "" } {
  if (!server.enabled) return { words: "off", look: "" };
  if (server.error !== null) return { words: "failing", look: "bad" };
  return server.listed_at === null ? { words: "not tested", look: "wait" } : { words: "in use", look: "good" };
}

/** What the rule is for a tool about which nobody has said anything. */
export function rule(tool: McpTool): Asks {
  return tool.hints.read_only === true ? "never" : "always";
}
