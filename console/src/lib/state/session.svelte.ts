/** Who is signed in. The access token lives in memory only; a cookie we cannot read renews it. */

import { Client } from "../api/client";
import { asProblem, Problem, problemOf } from "../api/problem";
import type { Me, PasswordChanged, Tokens } from "../api/types";
import { recall, remember } from "./storage";

export interface Registration {
  email: string;
  password: string;
  name: string;
  organization_name?: string;
}

const RENEW = "/api/v1/auth/console/refresh";

class Session {
  /** "nowhere" is who is signed in and belongs to no organisation. */
  status = $state<"restoring" | "out" | "in" | "nowhere">("restoring");
  me = $state<Me | null>(null);
  /** Why the session could not be restored, if it was not simply absent. */
  problem = $state<Problem | null>(null);

  #token: string | null = null;
  #organization = recall("organization");
  #team = recall("team");
  #renewing: Promise<boolean> | null = null;

  readonly credentials = {
    token: () => this.#token,
    organization: () => this.#organization,
    team: () => this.#team,
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

  get organization() {
    return this.me?.organizations.find((each) => each.id === this.me?.organization_id);
  }

  /** The team of all requests; null is the whole organisation. */
  get team() {
    return this.me?.teams.find((each) => each.id === this.me?.team_id) ?? null;
  }

  /** Whether a permission is the caller's, here. */
  may(permission: string): boolean {
    return this.me?.permissions.includes(permission) ?? false;
  }

  /** Chooses the place of all further requests; the page starts afresh with it. */
  switchTo(organization: string | null, team: string | null = null): void {
    remember("organization", organization);
    remember("team", team);
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
    try {
      this.me = await this.#loadMe();
      this.status = "in";
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "organization_not_found") throw error;
      this.status = "nowhere";
    }
  }

  async #loadMe(): Promise<Me> {
    try {
      return await api.get<Me>("/api/v1/me");
    } catch (error) {
      // The remembered place may be gone, or belong to another account of this browser.
      if (!(error instanceof Problem) || error.status === 0 || !this.#forgetPlace()) throw error;
      return await this.#loadMe();
    }
  }

  /** Forgets the narrower of the remembered places; false if there is none. */
  #forgetPlace(): boolean {
    const place = this.#team !== null ? "team" : "organization";
    if (place === "organization" && this.#organization === null) return false;
    if (place === "team") this.#team = null;
    else this.#organization = null;
    remember(place, null);
    return true;
  }

  /** Sets another password; what was issued before counts no more. */
  async changePassword(current: string, fresh: string): Promise<void> {
    const data = { current_password: current, new_password: fresh };
    this.#token = (await api.post<PasswordChanged>("/api/v1/me/password", data)).access_token;
  }

  /** Reads anew who one is: a name, a place or a permission has changed. */
  async refresh(): Promise<void> {
    this.me = await api.get<Me>("/api/v1/me");
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
    if (this.status === "in" || this.status === "nowhere") this.#leave();
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
