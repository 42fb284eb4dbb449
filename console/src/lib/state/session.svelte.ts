/** Who is signed in. The access token lives in memory only; a cookie we cannot read renews it. */

import { Client } from "../api/client";
import { asProblem, Problem, problemOf } from "../api/problem";
import type { Me, Tokens } from "../api/types";
import { recall, remember } from "./storage";

export interface Registration {
  email: string;
  password: string;
  name: string;
  organization_name?: string;
}

const RENEW = "/api/v1/auth/console/refresh";

class Session {
  status = $state<"restoring" | "out" | "in">("restoring");
  me = $state<Me | null>(null);
  /** Why the session could not be restored, if it was not simply absent. */
  problem = $state<Problem | null>(null);

  #token: string | null = null;
  #organization = recall("organization");
  #renewing: Promise<boolean> | null = null;

  readonly credentials = {
    token: () => this.#token,
    organization: () => this.#organization,
    renew: (refused: string | null) => this.#renew(refused),
  };

  /** Picks up the session of an earlier visit. */
  async restore(): Promise<void> {
    this.status = "restoring";
    this.problem = null;
    try {
      if (await this.#renew(null)) await this.#enter();
      else this.status = "out";
    } catch (error) {
      this.problem = asProblem(error);
      this.status = "out";
    }
  }

  async signIn(email: string, password: string): Promise<void> {
    await this.#open({ email, password });
  }

  async signInByLink(link: string): Promise<void> {
    await this.#open({ link });
  }

  async register(data: Registration): Promise<void> {
    await api.send("/api/v1/auth/register", { method: "POST", body: data, anonymous: true });
    await this.signIn(data.email, data.password);
  }

  async signOut(): Promise<void> {
    await api.post("/api/v1/auth/logout").catch((error: unknown) => {
      if (!(error instanceof Problem)) throw error;
    });
    this.#leave();
  }

  /** Chooses the organisation of all further requests; the page starts afresh with it. */
  switchTo(organization: string): void {
    remember("organization", organization);
    location.assign("/");
  }

  async #open(proof: Record<string, string>): Promise<void> {
    this.#token = null;
    const call = { method: "POST", body: proof, anonymous: true };
    const response = await api.send("/api/v1/auth/console", call);
    this.#token = ((await response.json()) as Tokens).access_token;
    await this.#enter();
  }

  async #enter(): Promise<void> {
    this.me = await this.#loadMe();
    this.status = "in";
  }

  async #loadMe(): Promise<Me> {
    try {
      return await api.get<Me>("/api/v1/me");
    } catch (error) {
      // The remembered organisation may be gone, or belong to another account of this browser.
      if (!(error instanceof Problem) || this.#organization === null || error.status === 0) throw error;
      this.#organization = null;
      remember("organization", null);
      return await api.get<Me>("/api/v1/me");
    }
  }

  #leave(): void {
    this.#token = null;
    this.me = null;
    this.status = "out";
  }

  #renew(refused: string | null): Promise<boolean> {
    if (this.#token !== null && this.#token !== refused) return Promise.resolve(true);
    this.#renewing ??= oneTabAtATime(() => this.#refresh()).finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  async #refresh(): Promise<boolean> {
    const response = await fetch(RENEW, {
      method: "POST",
      headers: { "X-Requested-With": "folkmoot-console" },
    });
    if (response.ok) {
      this.#token = ((await response.json()) as Tokens).access_token;
      return true;
    }
    if (response.status !== 401 && response.status !== 403) throw await problemOf(response);
    if (this.status === "in") this.#leave();
    return false;
  }
}

/** Two tabs that present the same refresh token would look like a theft of it. */
async function oneTabAtATime<T>(work: () => Promise<T>): Promise<T> {
  if (!("locks" in navigator)) return await work();
  return await navigator.locks.request("folkmoot.refresh", work);
}

export const session = new Session();
export const api = new Client(session.credentials);
