/** One thing of the API that others may change meanwhile: whoever changes it says what they have read. */

import { api } from "./session.svelte";

export class Versioned<T> {
  readonly path: string;
  #etag = "";

  constructor(path: string) {
    this.path = path;
  }

  async read(): Promise<T> {
    return await this.#take(await api.send(this.path));
  }

  /** Answers it as it is then; refused with 412 if it is not as it was read last. */
  async change(body: unknown): Promise<T> {
    return await this.#send("PATCH", body);
  }

  /** The same for what is said anew as a whole. */
  async replace(body: unknown): Promise<T> {
    return await this.#send("PUT", body);
  }

  async remove(): Promise<void> {
    await api.send(this.path, { method: "DELETE", headers: { "If-Match": this.#etag } });
  }

  async #send(method: "PATCH" | "PUT", body: unknown): Promise<T> {
    const headers = { "If-Match": this.#etag, Accept: "application/json" };
    return await this.#take(await api.send(this.path, { method, body, headers }));
  }

  async #take(response: Response): Promise<T> {
    this.#etag = response.headers.get("ETag") ?? "";
    return (await response.json()) as T;
  }
}
