/** Stored messages as entries of the conversation. */

import type { Attachment, Message } from "../api/types";
import { newTurn, type Turn } from "../stream/turn";

export type Entry =
  | { kind: "question"; id: string; text: string; attached: Attachment[] }
  | { kind: "turn"; turn: Turn };

/**
 * Groups the messages of each run into one turn.
 *
 * What the active run has stored so far is left out: its events will be replayed from the first. A
 * question without any answer gets an empty turn, whose log tells why. What was said to a run at work
 * stands in its turn.
 */
export function entriesOf(messages: readonly Message[], activeRun: string | null): Entry[] {
  const entries: Entry[] = [];
  for (const [place, message] of messages.entries()) {
    const imported = message.run_id === null;
    const shown = imported || message.run_id !== activeRun;
    const heard = !imported && messages[place - 1]?.run_id === message.run_id;
    if (message.role === "user" && heard) {
      const said = { kind: "said" as const, id: message.id, text: message.content, open: false };
      if (shown) turnOf(entries, message).items.push(said);
    } else if (message.role === "user") {
      entries.push({ kind: "question", id: message.id, text: message.content, attached: message.attachments ?? [] });
      if (shown && !imported) turnOf(entries, message);
    } else if (message.role === "assistant" && shown) {
      if (messages[place - 1]?.role === "user") dropUnanswered(entries, message);
      addTo(turnOf(entries, message), message);
    }
  }
  return entries;
}

function turnOf(entries: Entry[], message: Message): Turn {
  const last = entries.at(-1);
  const logged = message.run_id !== null; // what was imported was said in no run of ours
  const runId = message.run_id ?? message.id;
  if (last?.kind === "turn" && last.turn.runId === runId) return last.turn;
  const turn: Turn = { ...newTurn(runId), status: "success", complete: !logged, logged };
  entries.push({ kind: "turn", turn });
  return turn;
}

/** A question is of the run that it was asked of first; what follows it at once may be of another. */
function dropUnanswered(entries: Entry[], answer: Message): void {
  const last = entries.at(-1);
  if (last?.kind === "turn" && last.turn.items.length === 0 && last.turn.runId !== answer.run_id) entries.pop();
}

function addTo(turn: Turn, message: Message): void {
  // A message that only calls tools says nothing.
  if (message.content === "") return;
  turn.items.push({ kind: "text", id: message.id, text: message.content, open: false, cut: message.cut });
  if (message.citations.length > 0) turn.citations[message.id] = message.citations;
}
