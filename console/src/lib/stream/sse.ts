/** Server-sent events read from a `fetch` body: `EventSource` can neither POST nor send a bearer token. */

export interface Frame {
  id: string | null;
  data: string;
}

/** Incremental parser of `text/event-stream`; fed with text in chunks of any size. */
export class FrameParser {
  #rest = "";
  #id: string | null = null;
  #data: string[] = [];

  push(text: string): Frame[] {
    const frames: Frame[] = [];
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      const frame = this.#line(line.endsWith("\r") ? line.slice(0, -1) : line);
      if (frame) frames.push(frame);
    }
    return frames;
  }

  #line(line: string): Frame | null {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return null;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") this.#data.push(value);
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    return null;
  }

  #dispatch(): Frame | null {
    const frame = this.#data.length > 0 ? { id: this.#id, data: this.#data.join("\n") } : null;
    this.#data = [];
    this.#id = null;
    return frame;
  }
}

/** The connection ended, broke or went silent; what was read before stays valid. */
export class Dropped extends Error {
  override name = "Dropped";
}

/**
 * Yields the frames of a body until it ends.
 *
 * Throws `Dropped` when reading fails or nothing arrives for `idleMs` milliseconds: a half-open
 * connection never reports its own death.
 */
export async function* readFrames(
  body: ReadableStream<Uint8Array>,
  idleMs: number,
): AsyncGenerator<Frame, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new FrameParser();
  try {
    for (;;) {
      const { done, value } = await within(reader.read(), idleMs);
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    // Not awaited: a dead connection may never confirm that it was cancelled.
    reader.cancel().catch(() => undefined);
  }
}

async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Dropped("The stream went silent.")), milliseconds);
  });
  try {
    return await Promise.race([promise, silence]);
  } catch (error) {
    throw error instanceof Dropped ? error : new Dropped("The stream broke off.", { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
