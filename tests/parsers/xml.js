// Reads XML on standard input, strictly, and tells its elements as JSON.
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";

const { window } = new JSDOM("");
const read = new window.DOMParser().parseFromString(readFileSync(0, "utf8"), "application/xml");
const wrong = read.querySelector("parsererror");
if (wrong) throw new Error(wrong.textContent);
const told = (element) => ({
  name: element.tagName,
  attributes: Object.fromEntries([...element.attributes].map((it) => [it.name, it.value])),
  text: [...element.childNodes].filter((it) => it.nodeType === 3).map((it) => it.data).join("").trim(),
  children: [...element.children].map(told),
});
console.log(JSON.stringify(told(read.documentElement)));
