import { describe, expect, test } from "vitest";
import { Dropped, FrameParser, readFrames } from "./sse";

const encoder = new TextEncoder();

function body(...chunks: (string | Uint8Array)[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) {
        controller.enqueue(typeof chunk === "string" ? encoder.encode(chunk) : chunk);
      }
      controller.close();
    },
  });
}

async function all(stream: ReadableStream<Uint8Array>, idleMs = 1000) {
  const frames = [];
  for await (const frame of readFrames(stream, idleMs)) frames.push(frame);
  return frames;
}

describe("FrameParser", () => {
  test("a frame split at every possible place is still one frame", () => {
    const source = 'id: 7\ndata: {"a":"ü"}\n\n';
    for (let cut = 0; cut <= source.length; cut += 1) {
      const parser = new FrameParser();
      const frames = [...parser.push(source.slice(0, cut)), ...parser.push(source.slice(cut))];
      expect(frames).toEqual([{ id: "7", data: '{"a":"ü"}' }]);
    }
  });

  test("comments, retry hints and blank lines make no frames", () => {
    expect(new FrameParser().push(": ping\n\nretry: 100\n\n\n")).toEqual([]);
  });

  test("several data lines join and only one space after the colon is dropped", () => {
    expect(new FrameParser().push("data:  a\ndata:b\ndata\n\n")).toEqual([{ id: null, data: " a\nb\n" }]);
  });

  test("CRLF from a proxy is understood, also when split between the two", () => {
    const parser = new FrameParser();
    expect([...parser.push("id: 1\r"), ...parser.push("\ndata: x\r\n\r\n")]).toEqual([{ id: "1", data: "x" }]);
  });

  test("an unfinished frame is not given out", () => {
    expect(new FrameParser().push("id: 1\ndata: x\n")).toEqual([]);
  });
});

describe("readFrames", () => {
  test("a character split between two chunks survives", async () => {
    const bytes = encoder.encode("data: €\n\n");
    expect(await all(body(bytes.slice(0, 7), bytes.slice(7)))).toEqual([{ id: null, data: "€" }]);
  });

  test("a stream that goes silent is dropped", async () => {
    const silent = new ReadableStream<Uint8Array>({ start: (c) => c.enqueue(encoder.encode("data: x\n\n")) });
    await expect(all(silent, 20)).rejects.toThrow(Dropped);
  });

  test("a stream that breaks is dropped after what it brought", async () => {
    let pulls = 0;
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulls += 1;
        if (pulls === 1) controller.enqueue(encoder.encode("data: x\n\n"));
        else controller.error(new TypeError("network error"));
      },
    });
    const frames: string[] = [];
    const reading = (async () => {
      for await (const frame of readFrames(broken, 1000)) frames.push(frame.data);
    })();
    await expect(reading).rejects.toThrow(Dropped);
    expect(frames).toEqual(["x"]);
  });
});
