/** Uploads for whoever is signed in: a token that has run out in the meantime is renewed once. */

import { api, session } from "../state/session.svelte";
import { Problem } from "./problem";
import { upload, type Upload } from "./upload";

export async function transfer<T>(what: Omit<Upload, "headers">): Promise<T> {
  const used = session.credentials.token();
  const attempt = () => upload<T>({ ...what, headers: api.headers() });
  try {
    return await attempt();
  } catch (error) {
    const expired = error instanceof Problem && error.status === 401;
    if (!expired || !(await session.credentials.renew(used))) throw error;
    return await attempt();
  }
}
