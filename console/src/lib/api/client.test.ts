import { describe, expect, test } from "vitest";
import { Client, withQuery, type Credentials } from "./client";
import { asProblem, Problem, problemOf } from "./problem";

function client(answers: (Response | Error)[], renewed: boolean) {
  const requests: { path: string; headers: Headers }[] = [];
  let token: string | null = "old";
  let renewals = 0;
  const credentials: Credentials = {
    token: () => token,
    organization: () => "org-1",
    team: () => "team-1",
    async renew() {
      renewals += 1;
      token = renewed ? "new" : null;
      return renewed;
    },
  };
  const transport = (async (path: string, init: RequestInit) => {
    requests.push({ path, headers: new Headers(init.headers) });
    const answer = answers.shift();
    if (!answer || answer instanceof Error) throw answer ?? new Error("one request too many");
    return answer;
  }) as unknown as typeof fetch;
  return { api: new Client(credentials, transport), requests, renewals: () => renewals };
}

describe("the API client", () => {
  test("sends the token, the organisation and the team", async () => {
    const { api, requests } = client([Response.json({ a: 1 })], true);
    expect(await api.get("/x")).toEqual({ a: 1 });
    expect(requests[0]?.headers.get("authorization")).toBe("Bearer old");
    expect(requests[0]?.headers.get("x-organization-id")).toBe("org-1");
    expect(requests[0]?.headers.get("x-team-id")).toBe("team-1");
  });

  test("renews a refused token once and repeats the request with the new one", async () => {
    const { api, requests } = client([new Response("", { status: 401 }), Response.json({})], true);
    await api.post("/x", { b: 2 });
    expect(requests.map((request) => request.headers.get("authorization"))).toEqual(["Bearer old", "Bearer new"]);
  });

  test("does not renew twice for one request", async () => {
    const refused = () => new Response("", { status: 401 });
    const { api, renewals } = client([refused(), refused()], true);
    await expect(api.get("/x")).rejects.toMatchObject({ status: 401 });
    expect(renewals()).toBe(1);
  });

  test("gives up when the session is over", async () => {
    const { api, requests } = client([new Response("", { status: 401 })], false);
    await expect(api.get("/x")).rejects.toThrow(Problem);
    expect(requests).toHaveLength(1);
  });

  test("tells a server that cannot be reached from one that refuses", async () => {
    const { api } = client([new TypeError("Failed to fetch")], true);
    await expect(api.get("/x")).rejects.toMatchObject({ status: 0, code: "unreachable" });
  });

  test("answers nothing for 204", async () => {
    const { api } = client([new Response(null, { status: 204 })], true);
    expect(await api.post("/x")).toBeUndefined();
  });
});

describe("problems", () => {
  test("carry what the server said", async () => {
    const problem = await problemOf(
      new Response(
        JSON.stringify({
          title: "Invalid",
          detail: "The name is taken.",
          code: "invalid",
          request_id: "q-1",
          errors: [{ pointer: "/name", detail: "taken" }, "junk"],
        }),
        { status: 422, headers: { "content-type": "application/problem+json", "retry-after": "7" } },
      ),
    );
    expect(problem).toMatchObject({
      status: 422,
      title: "Some fields need another look",
      detail: "The name is taken.",
      requestId: "q-1",
      retryAfter: 7,
      errors: [{ pointer: "/name", detail: "taken" }],
    });
  });

  test("make a sentence of a proxy's error page", async () => {
    const page = new Response("<html>", { status: 502, headers: { "content-type": "text/html" } });
    expect((await problemOf(page)).detail).toBe("The server failed");
  });

  test.each([
    [0, true, false],
    [404, false, true],
    [422, false, true],
    [429, true, false],
    [500, false, false],
    [503, true, false],
  ])("of status %i tell whether waiting or trying again may help", (status, passing, final) => {
    expect(new Problem(status, {})).toMatchObject({ passing, final });
  });

  test("are made of anything that is thrown", () => {
    expect(asProblem("x").detail).toBe("x");
    expect(asProblem(new TypeError("fetch")).code).toBe("unreachable");
  });
});

test("a query leaves out what is empty", () => {
  expect(withQuery("/x", { a: "1 2", b: null, c: "", d: 0 })).toBe("/x?a=1+2&d=0");
  expect(withQuery("/x", { a: ["1", "2"] })).toBe("/x?a=1&a=2");
  expect(withQuery("/x", {})).toBe("/x");
});
