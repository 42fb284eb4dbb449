// Talks to an AG-UI endpoint with the official client, turn after turn in one thread.
// Reads {url, headers, threadId, turns: [{text, forwardedProps, answer}]} from stdin, writes what the
// client made of it to stdout: its messages, its state, its events and, for each turn, its error if
// any. A turn with an answer gives it to every interrupt of the turn before.
import { readFileSync } from "node:fs";
import { HttpAgent } from "@ag-ui/client";

const { url, headers, threadId, turns } = JSON.parse(readFileSync(0, "utf8"));
const agent = new HttpAgent({ url, headers, threadId });
const told = [];

for (const [place, turn] of turns.entries()) {
  const events = [];
  let error = null;
  const outcome = told.at(-1)?.events.at(-1)?.outcome;
  const resume = turn.answer
    ? outcome.interrupts.map(({ id }) => ({ interruptId: id, status: "resolved", payload: turn.answer }))
    : undefined;
  if (!resume) agent.addMessage({ id: `${threadId}-question-${place}`, role: "user", content: turn.text });
  try {
    await agent.runAgent(
      { runId: `${threadId}-run-${place}`, forwardedProps: turn.forwardedProps ?? {}, resume },
      {
        onEvent: ({ event }) => {
          events.push(event);
        },
        onRunFailed: ({ error: failure }) => {
          error = String(failure.message);
        },
      },
    );
  } catch (failure) {
    error = String(failure.message);
  }
  told.push({ events, error });
}

process.stdout.write(JSON.stringify({ messages: agent.messages, state: agent.state, turns: told }));
