// The Go templates that OpenClaw asks `inspect` with: {{.A.B}}, {{json .A.B}}, {{ index .A.B "key" }}.
import { UsageError } from "./options.js";

export function filled(template, facts) {
  return template.replace(/\{\{([^}]*)\}\}/g, (_, action) => actionText(action.trim(), facts));
}

function actionText(action, facts) {
  const found = /^(?:(json|index) +)?((?:\.\w+)+)(?: +"([^"\\]*)")?$/.exec(action);
  const [, kind, path, key] = found ?? [];
  if (!found || (kind === "index") !== (key !== undefined))
    throw new UsageError(`inspect: the template {{${action}}} is not available with clawbox`);
  const value = path.split(".").slice(1).reduce((table, name) => member(table, name, action), facts);
  if (kind === "json") return JSON.stringify(value);
  return String((kind === "index" ? (Object.hasOwn(value, key) ? value[key] : "") : value) ?? "");
}

/** As Docker, which takes .ID for .Id. */
function member(table, name, action) {
  const own = name === "ID" ? "Id" : name;
  const known = Object.keys(table ?? {}).find((candidate) => candidate === own);
  if (known === undefined) throw new UsageError(`inspect: {{${action}}} asks for what clawbox does not know`);
  return table[known];
}
