/**
 * The official AG-UI client, taught to survive lost connections.
 *
 *     node examples/resume.ts "Tell me a long story."       (Node.js 22.18 or newer)
 *
 * Needs `@ag-ui/client` where Node.js finds packages, and no build. A run goes on whoever listens,
 * and every event has a number. The same request under the same run id is the same run, so asking
 * again with `Last-Event-ID` goes on where it broke: the client never learns that it did.
 */
import { HttpAgent, type HttpAgentConfig } from "@ag-ui/client";

const LAST_EVENTS = /"type":"RUN_(FINISHED|ERROR)"/;
const PAUSE_MS = 500;

export class ResumingAgent extends HttpAgent {
  constructor(config: HttpAgentConfig) {
    super(config);
    const fetch = this.fetch;
    this.fetch = async (url, init) => {
      const first = await fetch(url, init);
      if (!first.ok || !first.body) return first;
      const ask = (after: string) =>
        fetch(url, { ...init, headers: { ...init.headers, "Last-Event-ID": after } });
      return new Response(streamed(whole(first, ask, init.signal)), first);
    };
  }
}

/** Yields the events of a run, each once, over as many connections as it takes. */
async function* whole(
  answer: Response,
  ask: (after: string) => Promise<Response>,
  signal?: AbortSignal | null,
): AsyncGenerator<Uint8Array> {
  let last = "0";
  for (;;) {
    try {
      for await (const event of events(answer)) {
        last = /^id: ?(.+)$/m.exec(event)?.[1] ?? last;
        yield new TextEncoder().encode(event);
        if (LAST_EVENTS.test(event)) return;
      }
    } catch (error) {
      if (signal?.aborted) throw error;
    }
    console.error(`(connection lost after event ${last})`);
    answer = await again(() => ask(last), signal);
  }
}

function streamed(pieces: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(stream) {
      const { value, done } = await pieces.next();
      if (done) stream.close();
      else stream.enqueue(value);
    },
    cancel: async () => void (await pieces.return(undefined)),
  });
}

/** Yields what an empty line ends; half an event at the end of a lost connection is dropped. */
async function* events(answer: Response): AsyncGenerator<string> {
  let text = "";
  for await (const piece of answer.body!.pipeThrough(new TextDecoderStream())) {
    const parts = (text + piece).split("\n\n");
    text = parts.pop()!;
    for (const part of parts) yield `${part}\n\n`;
  }
}

/** Asks until there is an answer; a refusal that will not pass is an error. */
async function again(ask: () => Promise<Response>, signal?: AbortSignal | null): Promise<Response> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    signal?.throwIfAborted();
    const answer = await ask().catch(() => null);
    if (answer?.ok) return answer;
    if (answer && answer.status < 500 && answer.status !== 429) {
      throw new Error(await answer.text());
    }
  }
}

const { FOLKMOOT_URL, FOLKMOOT_API_KEY } = process.env;
const agent = new ResumingAgent({
  url: `${FOLKMOOT_URL}/api/chat/chat`,
  headers: { Authorization: `Bearer ${FOLKMOOT_API_KEY}` },
});
agent.addMessage({ id: crypto.randomUUID(), role: "user", content: process.argv[2] ?? "Hello" });
await agent.runAgent({}, {
  onTextMessageContentEvent: ({ event }) => void process.stdout.write(event.delta),
});
console.log();
