/**
 * An agent that uses tools of the application in which it is asked, with the official AG-UI client.
 *
 *     node examples/browser_tools.ts "Open the page about lamps."    (Node.js 22.18 or newer)
 *
 * Needs `@ag-ui/client` where Node.js finds packages, and no build. In a browser the tools would use
 * `document` and `location`; here an object stands for the page. A run ends with the calls that it
 * leaves to us; we make them, and the next run goes on with what came of them.
 */
import { HttpAgent, type RunAgentParameters } from "@ag-ui/client";

interface BrowserTool {
  description: string;
  parameters: Record<string, unknown>;
  /** Whether the user should see it before it happens, where the agent may have been talked into it. */
  hasEffect: boolean;
  call: (args: Record<string, string>) => string;
}

const page = { title: "Welcome", url: "https://example.com/" };
const tools: Record<string, BrowserTool> = {
  page_title: {
    description: "Returns the title of the page that the user looks at.",
    parameters: { type: "object", properties: {} },
    hasEffect: false,
    call: () => page.title,
  },
  go_to: {
    description: "Opens a page of this site.",
    parameters: { type: "object", properties: { path: { type: "string" } }, required: ["path"] },
    hasEffect: true,
    call: ({ path }) => {
      // What a model writes is not checked for us: this is the place to do it.
      if (!/^\/[\w/-]*$/.test(path ?? "")) throw new Error("There is no such page.");
      page.url = new URL(path!, page.url).href;
      return `Opened ${page.url}.`;
    },
  },
};
const offered: RunAgentParameters["tools"] = Object.entries(tools).map(
  ([name, { description, parameters }]) => ({ name, description, parameters }),
);

const { FOLKMOOT_URL, FOLKMOOT_API_KEY } = process.env;
const agent = new HttpAgent({
  url: `${FOLKMOOT_URL}/api/chat/chat`,
  headers: { Authorization: `Bearer ${FOLKMOOT_API_KEY}` },
});
/** Calls that the agent has asked for after it had read what anybody may have written. */
const untrusted = new Set<string>();

/** Makes a call. A failure is an answer, too, and so is a call that the user did not want. */
function make(id: string): { content: string; error?: string } {
  const calls = agent.messages.flatMap((each) => (each.role === "assistant" ? each.toolCalls ?? [] : []));
  const wanted = calls.find((each) => each.id === id)?.function;
  const tool = wanted && tools[wanted.name];
  if (!tool) return { content: "", error: "There is no such tool." };
  if (tool.hasEffect && untrusted.has(id)) return { content: "", error: "The user did not want this." };
  try {
    return { content: tool.call(JSON.parse(wanted.arguments || "{}")) };
  } catch (error) {
    return { content: "", error: (error as Error).message };
  }
}

agent.addMessage({ id: crypto.randomUUID(), role: "user", content: process.argv[2] ?? "Where am I?" });
for (let pending: string[] | null = null; pending === null || pending.length > 0; ) {
  for (const id of pending ?? []) {
    agent.addMessage({ id: crypto.randomUUID(), role: "tool", toolCallId: id, ...make(id) });
  }
  pending = [];
  await agent.runAgent({ tools: offered }, {
    onTextMessageContentEvent: ({ event }) => void process.stdout.write(event.delta),
    onCustomEvent: ({ event }) => {
      if (event.name !== "tools.handed_over") return;
      for (const each of event.value.calls) if (each.untrusted) untrusted.add(each.tool_call_id);
    },
    onRunFinishedEvent: (end) => {
      if (end.outcome === "success") pending = end.pendingToolCallIds;
    },
  });
}
console.log(`\n(${page.url})`);
