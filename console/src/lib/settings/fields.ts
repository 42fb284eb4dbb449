/** The settings that can be made: how each is called, written and read. */

import type { SettingsGroup, SettingsValues } from "../api/types";

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

export interface Field {
  label: string;
  hint: string;
  kind: "text" | "long" | "number" | "yes" | "choice" | "list" | "color" | "picture";
  /** What can be chosen, by its value. */
  choices?: Record<string, string>;
  min?: number;
  max?: number;
  step?: number | "any";
  pattern?: string;
  placeholder?: string;
}

export const GROUPS: Record<SettingsGroup, { label: string; about: string }> = {
  general: { label: "General", about: "How people are addressed, and what every agent is told." },
  models: { label: "Models", about: "Which models answer, and how." },
  retrieval: { label: "Retrieval", about: "How documents are cut and searched." },
  guardrails: { label: "Guardrails", about: "What must not get into conversations, or out of them." },
  theme: { label: "Theme", about: "How the console looks." },
  budget: { label: "Budget", about: "What may be spent." },
};

// A field that the API has and this list has not, or the other way round, does not compile.
export const FIELDS: { [Group in SettingsGroup]: Record<keyof SettingsValues[Group], Field> } = {
  general: {
    language: {
      label: "Language",
      hint: "In which agents answer whoever writes in no other, as BCP 47 writes it. The console itself speaks English.",
      kind: "text",
      pattern: "[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}",
      placeholder: "de",
    },
    time_zone: { label: "Time zone", hint: "Whose clock the console shows: a time zone of IANA. Without one, each reader's own.", kind: "text", placeholder: "Europe/Berlin" },
    default_agent: {
      label: "Agent",
      hint: "The one that a conversation begins with.",
      kind: "text",
      pattern: "[a-z0-9][a-z0-9_\\-]{0,63}",
      placeholder: "chat",
    },
    conversation_days: { label: "Days that conversations are kept", hint: "Deleted for good so long after the last question; never if unset.", kind: "number", min: 1, max: 3_650 },
    memory: {
      label: "Memory",
      hint: "In which turns agents are told what is remembered, and find what is worth remembering.",
      kind: "choice",
      choices: { off: "In none", full: "In those of the workflow “full”", always: "In all" },
    },
    memory_days: { label: "Days that memories are kept", hint: "Forgotten so long after an agent was last told of it; what you have written yourself stays.", kind: "number", min: 1, max: 3_650 },
    memory_untrusted: {
      label: "Remember what agents read",
      hint: "Documents, results of tools and the like, too. It is marked, and whoever is told of it asks before it has an effect.",
      kind: "yes",
    },
    memory_strategy: {
      label: "Who finds what is worth remembering",
      hint: "LangMem asks a model its own way, with two to three times as many words; it has to be installed.",
      kind: "choice",
      choices: { own: "Folkmoot", langmem: "LangMem" },
    },
    system_prompt_extra: { label: "Instructions", hint: "What every agent is told besides.", kind: "long" },
  },
  models: {
    default_model: {
      label: "Model",
      hint: "The one that answers when none is named, as provider:name.",
      kind: "text",
      placeholder: "openai:gpt-5",
    },
    fallback_models: { label: "Models to fall back to", hint: "One a line, in the order in which they are asked.", kind: "list" },
    allowed_models: { label: "Allowed models", hint: "One a line; all of them if unset.", kind: "list" },
    temperature: { label: "Temperature", hint: "From 0 to 2.", kind: "number", min: 0, max: 2, step: "any" },
    max_output_tokens: { label: "Longest answer", hint: "In tokens.", kind: "number", min: 1, max: 1_000_000 },
    memory_model: {
      label: "Model that remembers",
      hint: "Reads conversations for what is worth remembering; without one, the model that answers.",
      kind: "text",
      placeholder: "openai:gpt-5-mini",
    },
    response_cache: {
      label: "Answers given again",
      hint: "To whoever has the same rights, without asking a model; never where tools were called.",
      kind: "choice",
      choices: { off: "None", exact: "To the same question", semantic: "To one that means the same, too" },
    },
    response_cache_minutes: { label: "Minutes that answers are given again", hint: "After that a model is asked.", kind: "number", min: 1, max: 43_200 },
    response_cache_similarity: {
      label: "Likeness of questions",
      hint: "How alike they have to be to mean the same, from 0.8 to 1.",
      kind: "number",
      min: 0.8,
      max: 1,
      step: "any",
    },
    collapse_requests: { label: "Ask once for many", hint: "Where several ask the same at the same time.", kind: "yes" },
  },
  retrieval: {
    k: { label: "Passages", hint: "How many a model is given.", kind: "number", min: 1, max: 50 },
    mode: {
      label: "Search",
      hint: "By words, by meaning, or both.",
      kind: "choice",
      choices: { hybrid: "Hybrid", dense: "By meaning", lexical: "By words" },
    },
    chunk_size: { label: "Passage size", hint: "In characters, of documents that are read from then on.", kind: "number", min: 200, max: 8000 },
    chunk_overlap: { label: "Overlap", hint: "Characters that two passages share.", kind: "number", min: 0, max: 1000 },
    half_life_days: { label: "Half-life", hint: "Days in which a document's weight halves; never if unset or 0.", kind: "number", min: 0, max: 36_500, step: "any" },
    date_field: { label: "Date of documents", hint: "The key of their metadata that holds it; otherwise, when they were changed.", kind: "text" },
    mmr: { label: "Relevance against repetition", hint: "1 looks at relevance alone; less leaves out what repeats better passages.", kind: "number", min: 0, max: 1, step: "any" },
    expand: {
      label: "Surroundings",
      hint: "What passages are shown with.",
      kind: "choice",
      choices: { none: "Nothing", neighbours: "The passages beside them", section: "Their section" },
    },
    rerank_model: { label: "Model that puts passages in order", hint: "As provider:name, one that chats or a reranker (cohere:…, jina:…, voyage:…, fastembed:…); none if unset.", kind: "text", placeholder: "cohere:rerank-v3.5" },
    rerank_strategy: {
      label: "How it is asked",
      hint: "Its provider says if unset.",
      kind: "choice",
      choices: { chat: "It is shown all and says an order", endpoint: "Its provider scores each", cross_encoder: "It scores each on the server" },
    },
    rerank_candidates: { label: "Passages it looks at", hint: "30 if unset; of one that chats, the most.", kind: "number", min: 2, max: 200 },
    rerank_seconds: { label: "Seconds to wait for it", hint: "Then the order stays as it was; 10 if unset.", kind: "number", min: 0.1, max: 60, step: "any" },
    reword_model: { label: "Model that words questions anew", hint: "As provider:name; none if unset.", kind: "text", placeholder: "openai:gpt-5-mini" },
    wordings: { label: "Other wordings", hint: "How many are searched for besides; one if unset.", kind: "number", min: 1, max: 5 },
    reword_seconds: { label: "Seconds to wait for wordings", hint: "Then the search goes on without; 10 if unset.", kind: "number", min: 0.1, max: 60, step: "any" },
  },
  guardrails: {
    redact_pii: {
      label: "Redact personal data",
      hint: "Take e-mail addresses, phone, card and account numbers out of runs.",
      kind: "yes",
    },
    allowed_tools: { label: "Tools", hint: "Names of tools that agents may use, one a line; * stands for anything.", kind: "list" },
    denied_tools: { label: "No tools", hint: "Names of tools that they may not use.", kind: "list" },
    approve_always: {
      label: "Always ask",
      hint: "Tool calls that somebody approves each time: send_mail, or send_mail(to=*@example.org).",
      kind: "list",
    },
    approve_never: {
      label: "Never ask",
      hint: "Tool calls with an effect that nobody has to approve, whatever the agent has read.",
      kind: "list",
    },
    approvers: {
      label: "Who approves",
      hint: "Tool calls that wait for somebody.",
      kind: "choice",
      choices: { requester: "Whoever has asked", approvers: "Whoever looks after approvals", others: "Of those, others than whoever has asked" },
    },
    approval_hours: { label: "Hours to approve", hint: "How long a call waits.", kind: "number", min: 1, max: 720 },
    fetch_hosts: { label: "Web pages", hint: "Hosts whose pages agents may read, one a line.", kind: "list" },
  },
  theme: {
    name: { label: "Name", hint: "What the console calls itself.", kind: "text", placeholder: "Acme Assistant" },
    accent: {
      label: "Accent",
      hint: "Colour of what can be pressed; shaded so that it can be read.",
      kind: "color",
      pattern: "#[0-9a-f]{6}",
      placeholder: "#3b5bdb",
    },
    color_scheme: {
      label: "Light or dark",
      hint: "The switch in the sidebar goes before it.",
      kind: "choice",
      choices: { auto: "As the system", light: "Light", dark: "Dark" },
    },
    logo: {
      label: "Logo",
      hint: "A PNG, JPEG or WebP of 256 KiB at most. It is put on at once.",
      kind: "picture",
    },
    logo_url: {
      label: "Logo of other programs",
      hint: "Address of a picture, by HTTPS. The console shows one from its own address only: it asks no other host.",
      kind: "text",
      pattern: "https://.+",
      placeholder: "https://example.org/logo.svg",
    },
  },
  budget: {
    monthly_limit_usd: { label: "Monthly limit", hint: "In US dollars.", kind: "number", min: 0, step: "any" },
    soft_warning_percent: { label: "Warning", hint: "In per cent of the limit.", kind: "number", min: 1, max: 100 },
    daily_calls: { label: "Daily calls", hint: "Calls of models in a day.", kind: "number", min: 0 },
    limits: {
      label: "More limits",
      hint: "One a line: so many usd, tokens or calls, by day or month, per user, team, agent or run; like 20 usd/month per user.",
      kind: "list",
    },
  },
};

/** A value as a control shows it. */
export function written(field: Field, value: Json | undefined): string {
  if (value === null || value === undefined) return "";
  if (field.kind === "yes") return value ? "yes" : "no";
  return Array.isArray(value) ? value.join("\n") : String(value);
}

/** What somebody has typed or chosen; null leaves the field to the next layer. */
export function read(field: Field, text: string): Json {
  const plain = text.trim();
  if (plain === "") return null;
  if (field.kind === "number") return Number(plain);
  if (field.kind === "yes") return plain === "yes";
  if (field.kind === "color") return plain.toLowerCase();
  if (field.kind !== "list") return plain;
  return plain.split("\n").map((line) => line.trim()).filter((line) => line !== "");
}

/** A value that holds, in words. */
export function told(field: Field, value: Json): string {
  const text = written(field, value);
  if (field.kind === "picture") return text === "" ? "nothing" : "a picture";
  if (text === "" || (Array.isArray(value) && value.length === 0)) return "nothing";
  return field.choices?.[text] ?? (Array.isArray(value) ? value.join(", ") : text);
}
