/** JSON Patch (RFC 6902), as far as deltas of activities need it. */

interface Change {
  op: string;
  path: string;
  from?: string;
  value?: unknown;
}

type Container = Record<string, unknown> | unknown[];

/** A value with changes made to it; as it was where they do not fit. It itself stays. */
export function patched(value: unknown, changes: readonly Change[]): unknown {
  // Not `structuredClone`, which refuses the proxies of reactive values.
  const root = { "": JSON.parse(JSON.stringify(value)) as unknown };
  try {
    for (const change of changes) apply(root, change);
  } catch {
    return value;
  }
  return root[""];
}

function apply(root: Container, { op, path, from = "", value }: Change): void {
  switch (op) {
    case "add":
      put(root, path, value, true);
      return;
    case "replace":
      put(root, path, value, false);
      return;
    case "remove":
      remove(root, path);
      return;
    case "move": {
      const moved = read(root, from);
      remove(root, from);
      put(root, path, moved, true);
      return;
    }
    case "copy":
      put(root, path, JSON.parse(JSON.stringify(read(root, from))), true);
      return;
    case "test":
      if (JSON.stringify(read(root, path)) !== JSON.stringify(value)) throw new RangeError(path);
      return;
    default:
      throw new RangeError(op);
  }
}

function put(root: Container, path: string, value: unknown, insert: boolean): void {
  const [into, name] = place(root, path);
  if (!Array.isArray(into)) into[name] = value;
  else if (insert) into.splice(name === "-" ? into.length : Number(name), 0, value);
  else into[Number(name)] = value;
}

function remove(root: Container, path: string): void {
  const [from, name] = place(root, path);
  if (Array.isArray(from)) from.splice(Number(name), 1);
  else delete from[name];
}

function read(root: Container, path: string): unknown {
  const [from, name] = place(root, path);
  return (from as Record<string, unknown>)[name];
}

/** The container that a pointer leads into, and the name within it. */
function place(root: Container, path: string): [Container, string] {
  const names = path.split("/").map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = names.pop() ?? "";
  let into: unknown = root;
  for (const name of names) into = Object.hasOwn(into as object, name) ? (into as Record<string, unknown>)[name] : undefined;
  if (typeof into !== "object" || into === null) throw new RangeError(path);
  // Nothing is looked up in, or put into, a prototype.
  if (last === "__proto__") throw new RangeError(path);
  return [into as Container, last];
}
