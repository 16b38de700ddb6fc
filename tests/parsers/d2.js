// Compiles a diagram on standard input as D2 does, and tells as JSON what D2 sees in it.
import { readFileSync } from "node:fs";
import { D2 } from "@terrastruct/d2";

const { diagram } = await new D2().compile(readFileSync(0, "utf8"));
console.log(
  JSON.stringify({
    nodes: diagram.shapes.map((it) => ({ id: it.id, text: it.label, link: it.link })),
    edges: diagram.connections.map((it) => ({ from: it.src, to: it.dst, text: it.label })),
  }),
);
// Its worker would keep the process alive.
process.exit(0);
