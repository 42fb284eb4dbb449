/** Places a popover beside its button, within the window; written through CSSOM, as the CSP wants. */

const GAP = 6;

export type Placement = "below" | "above";

export function place(popover: HTMLElement, anchor: HTMLElement, placement: Placement): void {
  const box = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = popover;
  const above = placement === "above" ? box.top - height - GAP > 0 : box.bottom + height + GAP > innerHeight;
  const top = above ? box.top - height - GAP : box.bottom + GAP;
  const left = Math.min(box.left, innerWidth - width - GAP);
  popover.style.top = `${Math.max(GAP, top)}px`;
  popover.style.left = `${Math.max(GAP, left)}px`;
}
