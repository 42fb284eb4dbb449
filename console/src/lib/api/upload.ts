/** Uploads with progress, which `fetch` cannot report. */

import { asProblem, Problem, unreachable } from "./problem";

export interface Upload {
  url: string;
  /** A file as it is, or within a form. */
  body: File | FormData;
  headers: Record<string, string>;
  signal: AbortSignal;
  onProgress(sent: number, total: number): void;
}

/** Resolves with the JSON answer; rejects with `Problem`, or with the signal's reason. */
export function upload<T>({ url, body, headers, signal, onProgress }: Upload): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onProgress(event.loaded, event.total);
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(signal.reason as Error);
    request.onload = () => {
      if (request.status < 300) resolve(JSON.parse(request.responseText) as T);
      else reject(refusal(request));
    };
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(body);
  });
}

function refusal(request: XMLHttpRequest): Problem {
  const headers = new Headers();
  const retryAfter = request.getResponseHeader("retry-after");
  if (retryAfter) headers.set("retry-after", retryAfter);
  try {
    return new Problem(request.status, JSON.parse(request.responseText) as object, headers);
  } catch (error) {
    return error instanceof SyntaxError ? new Problem(request.status, {}, headers) : asProblem(error);
  }
}
