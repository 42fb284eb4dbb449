import { expect, test } from "vitest";
import type { McpServer, McpTool } from "../api/types";
import { rule, stateOf } from "./words";

test.each([
  [{ enabled: false, error: "mcp_error", listed_at: null }, "off"],
  [{ enabled: true, error: "mcp_error", listed_at: "2026-01-01T00:00:00Z" }, "failing"],
  [{ enabled: true, error: null, listed_at: null }, "not tested"],
  [{ enabled: true, error: null, listed_at: "2026-01-01T00:00:00Z" }, "in use"],
])("a server that is %o is %s", (server, words) => {
  expect(stateOf(server as McpServer).words).toBe(words);
});

test("only what says that it reads alone is called unasked", () => {
  expect(rule({ hints: { read_only: true } } as McpTool)).toBe("never");
  expect(rule({ hints: {} } as McpTool)).toBe("always");
});
