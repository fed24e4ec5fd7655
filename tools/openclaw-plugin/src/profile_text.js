// A profile as the text of its TOML file. Only what this plugin writes: tables of strings, numbers, booleans, and lists
// of strings or of one-line tables.

/** `profile` is {key: scalar} for the top, and {table: {key: value}}; undefined values are left out. */
export function profileText(profile) {
  const lines = ["# Made by OpenClaw's clawbox plugin from agents.*.sandbox; changes are overwritten."];
  for (const [key, value] of entriesOf(profile)) if (!isTable(value)) lines.push(`${key} = ${valueText(value)}`);
  for (const [name, table] of entriesOf(profile)) {
    if (!isTable(table) || entriesOf(table).length === 0) continue;
    lines.push("", `[${name}]`);
    for (const [key, value] of entriesOf(table)) lines.push(`${key} = ${valueText(value)}`);
  }
  return `${lines.join("\n")}\n`;
}

const entriesOf = (table) => Object.entries(table).filter(([, value]) => value !== undefined);
const isTable = (value) => typeof value === "object" && !Array.isArray(value);

function valueText(value) {
  if (typeof value === "string") return stringText(value);
  if (Array.isArray(value))
    return value.length === 0 ? "[]" : `[\n${value.map((item) => `  ${valueText(item)},\n`).join("")}]`;
  if (!isTable(value)) return String(value);
  return `{ ${entriesOf(value)
    .map(([key, item]) => `${key} = ${lineText(item)}`)
    .join(", ")} }`;
}

/** Within a table of one line. */
const lineText = (value) => (Array.isArray(value) ? `[${value.map(lineText).join(", ")}]` : valueText(value));

/** A basic string of TOML: JSON's escapes are a part of its own, but for DEL, which must be escaped as well. */
function stringText(text) {
  return JSON.stringify(text).replaceAll("\u007f", "\\u007F");
}
