// Writes the types of the API's answers that `types.ts` names, from the API's own description:
// `folkmoot openapi | node schema.mjs > src/lib/api/schema.ts`.

import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import openapiTS, { astToString } from "openapi-typescript";

const { openapi, info, components } = JSON.parse(await text(process.stdin));
const source = readFileSync(new URL("src/lib/api/types.ts", import.meta.url), "utf8");

const schemas = {};
for (const [, name] of source.matchAll(/Schema<"(\w+)">/g)) take(name);
const nodes = await openapiTS({ openapi, info, paths: {}, components: { schemas } }, { alphabetize: true });
const types = astToString(nodes.filter((node) => node.name.text === "components"));
// Wording and examples may change without a trace here: only shapes count.
process.stdout.write(`// Written by schema.mjs.\n${types.replaceAll(/^ *\/\*\*.*?\*\/\n/gms, "")}`);

/** Takes a schema and those that it refers to. */
function take(name) {
  if (name in schemas) return;
  // Anything in JSON refers to itself, which an indexed type cannot: it is unknown.
  schemas[name] = name === "JsonValue" ? {} : components.schemas[name];
  for (const [, next] of JSON.stringify(schemas[name]).matchAll(/#\/components\/schemas\/([\w.-]+)/g)) take(next);
}
