/** What the API answers, as far as the console reads it. */

import type { Citation } from "../stream/events";

export interface Me {
  id: string;
  email: string;
  name: string;
  organization_id: string;
  organizations: { id: string; name: string; role: string }[];
  permissions: string[];
}

export interface Agent {
  id: string;
  name: string;
  description: string;
  workflows: string[];
}

export interface Model {
  name: string;
  provider: string;
  kind: "chat" | "embedding";
  default: boolean;
}

/** Something that works, but less well than it could. */
export interface Notice {
  code: string;
  text: string;
}

export interface ModelList {
  items: Model[];
  notices: Notice[];
}

export interface Conversation {
  id: string;
  title: string | null;
  created_at: string;
  updated_at: string;
  active_run_id: string | null;
}

export interface Message {
  id: string;
  role: string;
  content: string;
  run_id: string | null;
  created_at: string;
  citations: Citation[];
  cut: boolean;
}

export type RunState = "queued" | "running" | "finished" | "interrupted" | "cancelled" | "failed";

export interface Run {
  id: string;
  client_id: string;
  kind: string;
  state: RunState;
  agent: string | null;
  conversation_id: string | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  error: { code: string; detail: string } | null;
  /** Length of the log; known once the run has ended. */
  events: number | null;
}

/** What following a run's hash chain found. */
export interface Verification {
  intact: boolean;
  events: number;
  erased: number;
  head: string;
  broken_at: number | null;
  reason: string | null;
}

export interface LoggedEvent {
  seq: number;
  type: string;
  payload: unknown;
  at: string;
  hash: string;
}

export interface Collection {
  id: string;
  name: string;
  description: string | null;
  documents: number;
  pending_documents: number;
}

export type DocumentStatus = "queued" | "processing" | "ready" | "failed";

/** Named so because `Document` is the browser's. */
export interface SourceDocument {
  id: string;
  collection_id: string;
  title: string;
  status: DocumentStatus;
  error: string | null;
  progress: { stage: string; done: number; total: number } | null;
  pages: number | null;
  chunks: number | null;
  bytes: number;
  media_type: string;
  /** The run that reads it. */
  run_id: string;
  created_at: string;
}

export interface DocumentText {
  document_id: string;
  title: string;
  text: string;
  /** Offsets are Unicode code points. */
  pages: { page: number; start: number; end: number }[];
}

export interface SearchHit {
  chunk_id: string;
  document_id: string;
  title: string;
  text: string;
  score: number;
  page: number | null;
  start: number;
  end: number;
}

export type SearchMode = "hybrid" | "dense" | "lexical";
