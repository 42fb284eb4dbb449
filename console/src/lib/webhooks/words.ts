/** What webhooks and their deliveries are called here. */

import type { Webhook, WebhookDelivery, WebhookEventType } from "../api/types";

export const HOOKS = "/api/v1/webhooks";

export type Look = "good" | "wait" | "bad" | "";

export const DELIVERY_LOOKS: Record<WebhookDelivery["state"], Look> = {
  pending: "wait",
  delivered: "good",
  failed: "bad",
};

const ENDED: Record<NonNullable<Webhook["ended"]>, string> = {
  gone: "off: it said that it is gone",
  failing: "off: it has failed for days",
};

/** How a webhook stands, as one look at it. */
export function stateOf(hook: Webhook): { words: string; look: Look } {
  if (!hook.enabled) return { words: hook.ended ? ENDED[hook.ended] : "off", look: hook.ended ? "bad" : "" };
  return hook.failing_since ? { words: "failing", look: "bad" } : { words: "in use", look: "good" };
}

/** What can be chosen: everything, all of one area, and each kind by itself. */
export function choices(types: WebhookEventType[]): { value: string; label: string; hint: string }[] {
  const areas = [...new Set(types.map(({ name }) => name.split(".")[0] ?? ""))];
  return [
    { value: "*", label: "*", hint: "Everything, also what is new." },
    ...areas.flatMap((area) => [
      { value: `${area}.*`, label: `${area}.*`, hint: "All of these:" },
      ...types
        .filter(({ name }) => name.startsWith(`${area}.`))
        .map(({ name, description }) => ({ value: name, label: name, hint: description })),
    ]),
  ];
}

/** What came of the last attempt: a status, why there was none, or nothing yet. */
export function outcome(delivery: WebhookDelivery): string {
  const last = delivery.attempts.at(-1);
  if (!last) return "not sent yet";
  if (last.status !== null) return String(last.status);
  return last.error === "address_unreachable" ? "no answer" : (last.error ?? "");
}
