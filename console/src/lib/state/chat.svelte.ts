/** One conversation on the screen: its history, the turn that is running, and how to go on. */

import { withQuery, type Page } from "../api/client";
import { asProblem, type Problem } from "../api/problem";
import type { Message } from "../api/types";
import { Asked } from "../approvals/asked.svelte";
import { waiting } from "../approvals/waiting.svelte";
import type { RunEvent } from "../stream/events";
import { follow, type Connection, type Follow } from "../stream/follow";
import { Screen } from "../stream/screen";
import { apply, heardIn, newTurn, type Turn } from "../stream/turn";
import { newId } from "../text/ids";
import { announcer } from "./announcer.svelte";
import { conversations } from "./conversations.svelte";
import { entriesOf, type Entry } from "./history";
import { Known } from "./known.svelte";
import { Line } from "./line.svelte";
import { forwarded, messageOf, type AskOptions, type Input, type Meanwhile, type Said } from "./saying";
import { api } from "./session.svelte";
import { asking, eventsOf, post } from "./streams";

/** Where a question stands, if not after all that is shown. */
interface Instead {
  /** The question that it stands in the place of; nothing after that is shown any more. */
  of: string;
  /** The message that it follows; null for none. Without it the question itself is asked anew. */
  after?: string | null;
}

const PAGE_SIZE = 60;
/** Milliseconds until it is looked again whether the next turn has begun. */
const LOOK_AGAIN_MS = 300;

export class Chat {
  readonly id: string;
  readonly asked: Asked;
  readonly known = new Known();
  /** What waits while a run is at work. */
  readonly line: Line;
  status = $state<"new" | "loading" | "ready" | "failed">("new");
  problem = $state<Problem | null>(null);
  /** Whether the conversation goes further back than what has been read of it. */
  earlier = $state(false);
  connection = $state<Connection>("connecting");
  running = $state<Turn | null>(null);
  stopping = $state(false);
  /** What the server refused, to be put back into the composer. */
  returned = $state<Said | null>(null);

  #stored = $state.raw<Message[]>([]);
  #joined = $state.raw<string | null>(null);
  #expanded = $state.raw<ReadonlyMap<string, Turn>>(new Map());
  #past = $derived(entriesOf(this.#stored, this.#joined).map((entry) => this.#inFull(entry)));
  /** What happened since the conversation was opened. */
  #live = $state<Entry[]>([]);
  readonly entries = $derived([...this.#past, ...this.#live]);

  #cursor: string | null = null;
  #leave = new AbortController();

  constructor(id: string = newId()) {
    this.id = id;
    this.asked = new Asked(id);
    this.line = new Line(id);
  }

  /** Whether what is said now comes after something else. */
  get busy(): boolean {
    return this.running !== null || this.line.items.length > 0;
  }

  /** Reads the conversation; a run that is still active is joined from its first event. */
  async open(): Promise<void> {
    this.#reset();
    this.status = "loading";
    try {
      // First the run, then the messages: what finishes in between is then replayed, not missed.
      const { active_run_id: active } = await conversations.refresh(this.id);
      this.#joined = active;
      await Promise.all([this.#read(), this.asked.load()]);
      if (active !== null || this.asked.waiting.length > 0 || this.busy) await this.line.load();
      this.status = "ready";
      if (active === null) void this.#goOn();
      else this.#join(active);
    } catch (error) {
      this.problem = asProblem(error);
      this.status = "failed";
    }
  }

  /** Reads the page of messages before those that are shown. */
  async readEarlier(): Promise<void> {
    try {
      await this.#read();
    } catch (error) {
      this.problem = asProblem(error);
    }
  }

  /** Asks a question; the answer streams into the last entry. */
  async ask(said: Said, options: AskOptions, instead: Instead | null = null): Promise<void> {
    const id = instead && instead.after === undefined ? instead.of : newId();
    const place = instead?.after === undefined ? {} : { parent_id: instead.after };
    const forwardedProps = { ...forwarded(options), ...place };
    const input = { ...this.#input(), messages: [messageOf(id, said)], forwardedProps };
    if (instead) this.#cut(instead.of);
    this.problem = null;
    this.returned = null;
    this.status = "ready";
    this.#live.push({ kind: "question", id, ...said });
    const turn = this.#push(newTurn(input.runId));
    await this.#follow(turn, asking(options.agent, input), instead === null ? said : null);
    // Whoever was refused sees what is there again.
    if (instead && this.problem && turn.status === "running") await this.#restore(this.problem);
    if (instead?.after !== undefined && this.problem) this.returned = said;
  }

  /** Asks something else in the place of a question; what was said there stays, on another path. */
  async edit(id: string, said: Said, options: AskOptions): Promise<void> {
    const parent = this.known.get(id)?.parent_id;
    if (parent !== undefined) await this.ask(said, options, { of: id, after: parent });
  }

  /** Says something while a run is at work: it waits for its turn, or is told to that run. */
  async say(said: Said, options: AskOptions, when: Meanwhile): Promise<void> {
    const forwardedProps = { ...forwarded(options), on_active_run: when };
    const input = { ...this.#input(), messages: [messageOf(newId(), said)], forwardedProps };
    this.problem = null;
    this.returned = null;
    try {
      const response = await post(options.agent, input, this.#leave.signal);
      // Its stream is silent until its turn has come, and is opened again then.
      await response.body?.cancel();
      await this.line.load();
      announcer.say(when === "queue" ? "Your message waits for its turn." : "Your message waits to be heard.");
      if (!this.running && this.asked.waiting.length === 0) await this.open();
    } catch (error) {
      if (this.#leave.signal.aborted) return;
      this.problem = asProblem(error);
      this.returned = said;
    }
  }

  /** Asks the question before an answer anew. */
  async again(turn: Turn, options: AskOptions): Promise<void> {
    const at = this.entries.findIndex((entry) => entry.kind === "turn" && entry.turn.runId === turn.runId);
    const question = this.entries.slice(0, at).findLast((entry) => entry.kind === "question");
    if (question && !this.running) await this.ask(question, options, { of: question.id });
  }

  /** Shows the path on which a message is. */
  async show(messageId: string): Promise<void> {
    try {
      await api.put(`/api/v1/conversations/${this.id}/path`, { message_id: messageId });
      await this.open();
    } catch (error) {
      this.problem = asProblem(error);
    }
  }

  /** Makes a new conversation of all up to a message; answers its id. */
  async fork(messageId: string): Promise<string> {
    const path = `/api/v1/conversations/${this.id}/forks`;
    const { id } = await api.post<{ id: string }>(path, { message_id: messageId });
    await conversations.refresh(id);
    return id;
  }

  /** Sends what is said to all that waits; the run that goes on streams into a new entry. */
  async resume(): Promise<void> {
    if (this.running) return;
    this.problem = null;
    const turn = this.#push(newTurn(newId()));
    const input = { ...this.#input(), runId: turn.runId, resume: this.asked.answers() };
    await this.#follow(turn, asking(DECIDING, input));
  }

  /** Looks whether what waits was decided elsewhere, and shows what has come of it. */
  async look(): Promise<void> {
    await this.#lookUp();
    if (this.asked.waiting.length === 0 && !this.running) await this.open();
  }

  /** Asks the server to stop; the stream goes on until it says that it has. */
  async stop(): Promise<void> {
    const turn = this.running;
    if (!turn || this.stopping) return;
    this.stopping = true;
    try {
      await api.post(`/api/v1/runs/${turn.runId}/cancel`);
    } catch (error) {
      this.stopping = false;
      if (this.running === turn) this.problem = asProblem(error);
    }
  }

  /** Replaces a turn known from its messages only by all that its log holds. */
  async expand(turn: Turn): Promise<void> {
    const whole = newTurn(turn.runId);
    const open = eventsOf(turn.runId);
    const onEvent = (_seq: number, event: RunEvent) => apply(whole, event);
    await follow({ open, onEvent, signal: this.#leave.signal });
    this.#expanded = new Map([...this.#expanded, [turn.runId, whole]]);
  }

  /** Closes the window on the run; the run itself goes on. */
  close(): void {
    this.#leave.abort(new DOMException("The conversation was closed.", "AbortError"));
  }

  #reset(): void {
    this.close();
    this.#leave = new AbortController();
    this.#stored = [];
    this.known.clear();
    this.#cursor = null;
    this.#expanded = new Map();
    this.#live = [];
    this.running = null;
    this.stopping = false;
    this.problem = null;
  }

  /** Reads the next page, backwards from the newest message. */
  async #read(): Promise<void> {
    const page = await this.#page(this.#cursor);
    this.#stored = [...page.items.toReversed(), ...this.#stored];
    this.#cursor = page.next_cursor;
    this.earlier = page.next_cursor !== null;
  }

  async #page(cursor: string | null): Promise<Page<Message>> {
    const query = { sort: "-created_at", limit: PAGE_SIZE, cursor };
    const path = withQuery(`/api/v1/conversations/${this.id}/messages`, query);
    const page = await api.get<Page<Message>>(path);
    this.known.keep(page.items);
    return page;
  }

  /** Takes a question, and what follows it, off the screen. */
  #cut(question: string): void {
    const stored = this.#stored.findIndex((message) => message.id === question);
    const live = this.#live.findIndex((entry) => entry.kind === "question" && entry.id === question);
    if (stored >= 0) this.#stored = this.#stored.slice(0, stored);
    this.#live = stored >= 0 ? [] : this.#live.slice(0, live);
  }

  #inFull(entry: Entry): Entry {
    const whole = entry.kind === "turn" ? this.#expanded.get(entry.turn.runId) : undefined;
    return whole ? { kind: "turn", turn: whole } : entry;
  }

  #push(turn: Turn): Turn {
    this.#live.push({ kind: "turn", turn });
    const entry = this.#live.at(-1);
    // Read back: only the proxy that the list holds is reactive.
    return entry?.kind === "turn" ? entry.turn : turn;
  }

  #input(): Input {
    return { threadId: this.id, runId: newId(), state: {}, messages: [], tools: [], context: [] };
  }

  async #follow(turn: Turn, open: Follow["open"], question: Said | null = null): Promise<void> {
    const { signal } = this.#leave;
    const screen = new Screen(turn);
    this.running = turn;
    this.stopping = false;
    try {
      await follow({
        open,
        signal,
        onEvent: (_seq, event) => {
          const heard = heardIn(event);
          if (heard) this.line.heard(heard.id);
          screen.add(event);
        },
        onConnection: (connection) => this.#connected(connection),
      });
      screen.show();
      if (turn.status === "interrupt") await this.#lookUp();
      announcer.say(ENDINGS[turn.status] ?? "The answer has ended.");
    } catch (error) {
      screen.show();
      if (!signal.aborted) this.#lost(turn, asProblem(error), question);
    } finally {
      if (!signal.aborted) await this.#ended();
    }
  }

  #connected(connection: Connection): void {
    this.connection = connection;
    // What was sent has been decided as soon as there is an answer.
    if (connection === "live" && this.asked.waiting.length > 0) void this.#lookUp();
    // From its first answer on, the server lists the conversation as one that is being answered.
    if (connection === "live" && !conversations.find(this.id)?.active_run_id) void this.#list();
  }

  /** The server refused: a question it never took goes back to the composer. */
  #lost(turn: Turn, problem: Problem, question: Said | null): void {
    this.problem = problem;
    announcer.say(`${problem.title}. ${problem.detail}`);
    if (turn.items.length === 0 && turn.status === "running") {
      this.#live = this.#live.slice(0, this.#live.at(-2)?.kind === "question" ? -2 : -1);
      this.returned = question;
      if (this.entries.length === 0) this.status = "new";
    } else {
      turn.status = "failed";
      turn.error = { message: problem.detail, code: problem.code };
    }
  }

  /** Reads what was asked, as it stands now; who cannot finds it when they open the conversation. */
  async #lookUp(): Promise<void> {
    await this.asked.load().catch(() => undefined);
    void waiting.refresh();
  }

  async #ended(): Promise<void> {
    this.running = null;
    this.stopping = false;
    if (this.entries.length === 0) return;
    await Promise.all([this.#list(), this.#page(null).catch(() => undefined)]);
    await this.#goOn();
  }

  /** Shows the answer to what has waited, as soon as its turn has come. */
  async #goOn(): Promise<void> {
    const { signal } = this.#leave;
    while (this.line.items.length > 0 && this.asked.waiting.length === 0 && !this.running && !signal.aborted) {
      const active = conversations.find(this.id)?.active_run_id ?? null;
      if (this.line.has(active)) return this.#join(active);
      const known = this.line.items.length;
      await this.line.load();
      // One has begun meanwhile, or was taken back elsewhere.
      if (this.line.items.length < known) return await this.open();
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
      await this.#list();
    }
  }

  /** Follows a run from its first event, after its question if only the line has that. */
  #join(run: string): void {
    const next = this.line.next(run);
    if (next && !this.#stored.some((message) => message.id === next.message_id)) {
      const { message_id: id, content: text, attachments: attached } = next;
      this.#live.push({ kind: "question", id, text, attached });
    }
    void this.#follow(this.#push(newTurn(run)), eventsOf(run));
  }

  async #restore(problem: Problem): Promise<void> {
    await this.open();
    this.problem ??= problem;
  }

  /** Brings the sidebar up to date; what cannot be read now is read at the next visit. */
  async #list(): Promise<void> {
    await conversations.refresh(this.id).catch(() => undefined);
  }
}

/** A run that continues keeps its agent, whatever the address says. */
const DECIDING = "chat";

const ENDINGS: Partial<Record<Turn["status"], string>> = {
  success: "The answer is finished.",
  cancelled: "The answer was stopped.",
  interrupt: "The answer waits for your decision.",
  failed: "The answer failed.",
};
