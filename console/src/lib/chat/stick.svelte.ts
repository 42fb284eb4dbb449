/** Keeps a scrolling box at its end while it grows, until the reader scrolls up. */

/** Pixels from the end that still count as the end. */
const NEAR = 48;

export function stickToEnd() {
  let stuck = $state(true);
  let box: HTMLElement | null = null;

  function jump() {
    stuck = true;
    if (box) box.scrollTop = box.scrollHeight;
  }

  function attach(node: HTMLElement) {
    box = node;
    const onScroll = () => (stuck = node.scrollHeight - node.scrollTop - node.clientHeight < NEAR);
    const grown = new ResizeObserver(() => stuck && jump());
    if (node.firstElementChild) grown.observe(node.firstElementChild);
    grown.observe(node);
    node.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      grown.disconnect();
      node.removeEventListener("scroll", onScroll);
      box = null;
    };
  }

  return {
    attach,
    jump,
    get stuck() {
      return stuck;
    },
  };
}
