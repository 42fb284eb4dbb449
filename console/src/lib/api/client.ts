/** The one door to the API: adds the token, the organisation and the team, renews once, throws `Problem`. */

import { problemOf, unreachable } from "./problem";

/** What the client needs to know of the session. */
export interface Credentials {
  token(): string | null;
  organization(): string | null;
  team(): string | null;
  /** Replaces the token that was refused; false when there is no session any more. */
  renew(refused: string | null): Promise<boolean>;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface Call {
  method?: string;
  /** A file goes as it is, anything else as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** For requests that prove who one is: a refusal is then the answer, not a reason to renew. */
  anonymous?: boolean;
}

export class Client {
  readonly #credentials: Credentials;
  readonly #fetch: typeof fetch;

  constructor(credentials: Credentials, transport: typeof fetch = (...args) => fetch(...args)) {
    this.#credentials = credentials;
    this.#fetch = transport;
  }

  /** Headers for a request that goes past `send` (an upload by XMLHttpRequest). */
  headers(): Record<string, string> {
    // Another site's form cannot add this one: where the cookie counts, the server wants to see it.
    const headers: Record<string, string> = { "X-Requested-With": "folkmoot-console" };
    const token = this.#credentials.token();
    const organization = this.#credentials.organization();
    const team = this.#credentials.team();
    if (token) headers["Authorization"] = `Bearer ${token}`;
    if (organization) headers["X-Organization-Id"] = organization;
    if (team) headers["X-Team-Id"] = team;
    return headers;
  }

  /** Sends a request and answers the successful response; a 401 renews the session once. */
  async send(path: string, call: Call = {}): Promise<Response> {
    const used = this.#credentials.token();
    let response = await this.#once(path, call);
    if (response.status === 401 && !call.anonymous && (await this.#credentials.renew(used))) {
      response = await this.#once(path, call);
    }
    if (!response.ok) throw await problemOf(response);
    return response;
  }

  async get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return this.#json<T>(path, signal ? { signal } : {});
  }

  async post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.#json<T>(path, { method: "POST", body });
  }

  async put<T>(path: string, body: unknown): Promise<T> {
    return this.#json<T>(path, { method: "PUT", body });
  }

  async patch<T>(path: string, body: unknown): Promise<T> {
    return this.#json<T>(path, { method: "PATCH", body });
  }

  async delete(path: string): Promise<void> {
    await this.send(path, { method: "DELETE" });
  }

  async #json<T>(path: string, call: Call): Promise<T> {
    const headers = { Accept: "application/json", ...call.headers };
    const response = await this.send(path, { ...call, headers });
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  async #once(path: string, call: Call): Promise<Response> {
    const init: RequestInit = { method: call.method ?? "GET", credentials: "same-origin" };
    const headers = { ...this.headers(), ...call.headers };
    if (call.body instanceof Blob) {
      headers["Content-Type"] = call.body.type;
      init.body = call.body;
    } else if (call.body !== undefined) {
      headers["Content-Type"] = "application/json";
      init.body = JSON.stringify(call.body);
    }
    if (call.signal) init.signal = call.signal;
    try {
      return await this.#fetch(path, { ...init, headers });
    } catch (error) {
      if (call.signal?.aborted) throw error;
      throw unreachable();
    }
  }
}

/** What is asked for, by name; several values of one name are sent one after the other. */
export type Query = Record<string, string | number | readonly string[] | null | undefined>;

/** A path with a query; parameters that are empty or missing are left out. */
export function withQuery(path: string, query: Query): string {
  const search = new URLSearchParams();
  for (const [name, values] of Object.entries(query)) {
    for (const value of Array.isArray(values) ? values : [values]) {
      if (value !== null && value !== undefined && value !== "") search.append(name, String(value));
    }
  }
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}
