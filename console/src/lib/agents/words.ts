/** What belongs to an agent, as people call it. */

import type { Agent, AgentContent, AgentLabel, Workflow } from "../api/types";

const WORKFLOWS: Record<string, string> = {
  plain: "Plain chat",
  rag: "Search first",
  tools: "With tools",
  full: "With everything",
};

/** A way of working; one that this console does not know goes by its own name. */
export function workflowName(workflow: string): string {
  return WORKFLOWS[workflow] ?? workflow;
}

export const WAYS: readonly Workflow[] = ["plain", "rag", "tools", "full"];

export const WORKFLOW_HINTS: Record<Workflow, string> = {
  plain: "The model alone answers.",
  rag: "Documents are searched, and cited.",
  tools: "The model calls tools until it has an answer.",
  full: "Documents are searched where there are some, and the model calls tools.",
};

export const ORIGINS: Record<Agent["origin"], string> = {
  built_in: "built in",
  package: "from a package",
  organization: "your organisation's",
};

export const LABELS: Record<AgentLabel, string> = { production: "in production", staging: "in staging" };

export const CONTEXT_POLICIES: Record<AgentContent["context_policy"], string> = {
  trim: "Leave out the oldest results of tools",
  summarize: "Summarise what was said before",
};

export const RESPONSE_CACHES: Record<NonNullable<AgentContent["response_cache"]>, string> = {
  off: "Never",
  exact: "To the same question",
  semantic: "To one that means the same, too",
};

const FIELDS: Partial<Record<keyof AgentContent, string>> = {
  system_prompt: "Instructions",
  model: "Model",
  temperature: "Temperature",
  max_output_tokens: "Longest answer",
  output_schema: "Shape of answers",
  workflows: "Ways of working",
  tools: "Tools",
  mcp_tools: "Tools of MCP servers",
  client_tools: "Tools of applications",
  subagents: "Agents that it may ask",
  subagent_depth: "Agents within each other",
  collection_ids: "Documents",
  most_answers: "Answers of the model",
  most_tool_calls: "Tool calls",
  most_seconds: "Seconds of a turn",
  context_tokens: "Tokens shown to the model",
  context_policy: "Where there is more",
  response_cache: "Answers given again",
  approve_always: "Always asked about",
  approve_never: "Never asked about",
};

export function fieldName(field: string): string {
  const plain = field.replaceAll("_", " ");
  return FIELDS[field as keyof AgentContent] ?? plain.charAt(0).toUpperCase() + plain.slice(1);
}

/** An address made of a name: "Customer support!" -> "customer-support". */
export function slugOf(name: string): string {
  const plain = name.normalize("NFD").replaceAll(/[\u0300-\u036f]/g, "").toLowerCase();
  const words = plain.replaceAll(/[^a-z0-9]+/g, "-").replace(/^[^a-z]+/, "");
  return words.slice(0, 48).replace(/-+$/, "");
}

/** Lines that somebody has typed, without the empty ones. */
export function linesOf(text: string): string[] {
  return [...new Set(text.split("\n").map((line) => line.trim()).filter((line) => line !== ""))];
}

export function schemaText(schema: AgentContent["output_schema"]): string {
  return schema ? JSON.stringify(schema, null, 2) : "";
}

/** A schema as somebody has typed it; null where nothing stands, undefined if it is no object. */
export function schemaOf(text: string): AgentContent["output_schema"] | undefined {
  if (text.trim() === "") return null;
  try {
    const schema: unknown = JSON.parse(text);
    const object = typeof schema === "object" && schema !== null && !Array.isArray(schema);
    return object ? (schema as NonNullable<AgentContent["output_schema"]>) : undefined;
  } catch {
    return undefined;
  }
}
