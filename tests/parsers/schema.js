// Reads { schema, document } on standard input, and tells as JSON what in the document is not as the
// schema says.
import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";

const { schema, document } = JSON.parse(readFileSync(0, "utf8"));
const Draft = schema.$schema.includes("2020-12") ? Ajv2020 : Ajv;
const ajv = new Draft({ allErrors: true, strict: false });
formats.default(ajv);
const validate = ajv.compile(schema);
const wrong = validate(document) ? [] : validate.errors;
console.log(JSON.stringify(wrong.map((it) => `${it.instancePath} ${it.message}`)));
