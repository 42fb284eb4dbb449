/** RFC 9457 problem details as the one kind of error that the API client throws. */

export interface FieldError {
  pointer: string;
  detail: string;
}

interface ProblemBody {
  title?: unknown;
  detail?: unknown;
  code?: unknown;
  request_id?: unknown;
  errors?: unknown;
}

export class Problem extends Error {
  override name = "Problem";
  /** HTTP status; 0 when no answer came at all. */
  readonly status: number;
  readonly title: string;
  readonly code: string;
  readonly requestId: string | null;
  readonly errors: FieldError[];
  /** Seconds the server asks to wait. */
  readonly retryAfter: number;

  constructor(status: number, body: ProblemBody, headers: Headers = new Headers()) {
    const title = TITLES[status] ?? text(body.title) ?? fallbackTitle(status);
    super(text(body.detail) ?? title);
    this.status = status;
    this.title = title;
    this.code = text(body.code) ?? "unknown";
    this.requestId = text(body.request_id) ?? headers.get("x-request-id");
    this.errors = fieldErrors(body.errors);
    this.retryAfter = seconds(headers.get("retry-after"));
  }

  get detail(): string {
    return this.message;
  }

  /** Whether it may pass by itself: the server is away, busy or slow. */
  get passing(): boolean {
    return PASSING.has(this.status);
  }

  /** Whether another attempt would be refused like this one. */
  get final(): boolean {
    return this.status >= 400 && this.status < 500 && !this.passing;
  }
}

/** Reads an error response; one that is not problem+json (a proxy's page) still gives a sentence. */
export async function problemOf(response: Response): Promise<Problem> {
  const isJson = /\bjson\b/.test(response.headers.get("content-type") ?? "");
  const body: unknown = isJson ? await response.json().catch(() => ({})) : {};
  return new Problem(response.status, body && typeof body === "object" ? body : {}, response.headers);
}

/** Any thrown value as a problem that can be shown. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof TypeError) return unreachable();
  return new Problem(0, {
    title: "Something went wrong in this page",
    detail: error instanceof Error ? error.message : String(error),
  });
}

export function unreachable(): Problem {
  return new Problem(0, {
    title: "The server cannot be reached",
    detail: "Check that it is running and that you are online, then try again.",
    code: "unreachable",
  });
}

const PASSING = new Set([0, 408, 425, 429, 502, 503, 504]);

/** Better than the phrases of HTTP, which the server's titles are. */
const TITLES: Record<number, string> = {
  400: "The request was not understood",
  401: "You are not signed in",
  403: "You may not do this",
  404: "Not found",
  409: "Not possible right now",
  412: "Somebody else was faster",
  413: "This is too large",
  422: "Some fields need another look",
  429: "Too many requests",
  500: "The server failed",
  503: "The server is busy",
};

function fallbackTitle(status: number): string {
  return status >= 500 ? "The server failed" : "The request failed";
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function seconds(value: string | null): number {
  const number = Number(value ?? 0);
  return Number.isFinite(number) && number > 0 ? Math.min(number, 120) : 0;
}

function fieldErrors(value: unknown): FieldError[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown) => {
    const { pointer, detail } = (entry ?? {}) as Partial<Record<keyof FieldError, unknown>>;
    return typeof detail === "string" ? [{ pointer: text(pointer) ?? "", detail }] : [];
  });
}
