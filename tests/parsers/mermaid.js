// Reads a flowchart on standard input as Mermaid does, and tells as JSON what Mermaid sees in it.
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";

const { window } = new JSDOM("<body></body>");
globalThis.window = window;
globalThis.document = window.document;
const { default: mermaid } = await import("mermaid");

mermaid.initialize({ suppressErrorRendering: true });
const diagram = await mermaid.mermaidAPI.getDiagramFromText(readFileSync(0, "utf8"));
const db = diagram.db;
// Mermaid keeps entities apart while it reads, and turns them into HTML's when it draws.
const decoded = (text) =>
  text.replaceAll("ﬂ°°", "&#").replaceAll("ﬂ°", "&").replaceAll("¶ß", ";");
const shown = (text) => {
  const body = document.createElement("div");
  body.innerHTML = decoded(text);
  const tags = [...body.querySelectorAll("*")].map((it) => it.tagName);
  return { text: body.textContent, tags: [...new Set(tags)] };
};
console.log(
  JSON.stringify({
    nodes: [...db.getVertices().values()].map((it) => ({
      id: it.id,
      clickable: Boolean(it.link || it.haveCallback),
      ...shown(it.text ?? ""),
    })),
    edges: db.getEdges().map((it) => ({ from: it.start, to: it.end, ...shown(it.text ?? "") })),
    frames: db.getSubGraphs().map((it) => ({ id: it.id, ...shown(it.title) })),
  }),
);
