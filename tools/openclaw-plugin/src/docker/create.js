// `docker create` as OpenClaw calls it: its options as a wish, of the same keys and rules as sandbox.docker.*. Only which
// sources of -v may be shown is not asked here (../binds.js): OpenClaw does that for docker before it calls.
import fs from "node:fs";
import { bindParts } from "../binds.js";
import { dockerWish } from "../docker_keys.js";
import { canBeNamed } from "../mounts.js";
import { plainPath, realPathOfExisting } from "../paths.js";
import { profileText } from "../profile_text.js";
import { profileOf, sandboxUser } from "../wish.js";
import { parsed, UsageError } from "./options.js";

export const IMAGE = "openclaw-sandbox:bookworm-slim";
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/;
const KNOWN = {
  name: "one",
  init: "flag",
  label: "list",
  "read-only": "flag",
  tmpfs: "list",
  network: "one",
  user: "one",
  "cap-drop": "list",
  "security-opt": "list",
  "pids-limit": "one",
  memory: "one",
  "memory-swap": "one",
  cpus: "one",
  ulimit: "list",
  workdir: "one",
  volume: "list",
  "env-file": "one",
};

const SHORT = { v: "volume", w: "workdir", u: "user", l: "label", m: "memory" };

/** {name, labels, image, env, mounts, tmpfs, workdir, text, softOpenFiles}. Throws UsageError with every refusal. */
export function createWish(args, profile) {
  const { options, words } = parsed("create", args, KNOWN, SHORT);
  const [image, ...command] = words;
  if (image !== IMAGE) throw new UsageError(`create: there is no image ${image}: clawbox shows the host's own system`);
  if (command.join(" ") !== "sleep infinity")
    throw new UsageError(`create: the command ${command.join(" ")} is not available: only sleep infinity is`);
  if (!NAME.test(options.name ?? "")) throw new UsageError("create: --name is missing, or no name");
  const workdir = plainPath(options.workdir ?? "/");
  const table = mountTable(options.volume ?? [], workdir);
  const env = options["env-file"] === undefined ? {} : variablesIn(options["env-file"]);
  const wish = dockerWish(dockerKeys(options), { owner: sandboxUser(table.workspace.hostPath), tmpfsIsDefault: false });
  const refusals = [...securityRefusals(options["security-opt"] ?? []), ...wish.refusals];
  if (refusals.length > 0) throw new UsageError(`create: ${refusals.join("\ncreate: ")}`);
  return {
    name: options.name,
    labels: Object.fromEntries((options.label ?? []).map((label) => halves(label))),
    image,
    env,
    mounts: [table.workspace, ...table.others],
    tmpfs: Object.fromEntries((options.tmpfs ?? []).map((entry) => halves(entry, ":"))),
    workdir,
    text: profileText(profileOf(profile, {}, wish.profile, table, false)),
    softOpenFiles: wish.softOpenFiles,
  };
}

function halves(text, separator = "=") {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function dockerKeys(options) {
  const number = (name) => (options[name] === undefined ? undefined : Number(options[name]));
  return {
    readOnlyRoot: options["read-only"] ?? false,
    tmpfs: options.tmpfs ?? [],
    network: options.network ?? "bridge",
    user: options.user,
    capDrop: options["cap-drop"] ?? [],
    pidsLimit: number("pids-limit"),
    memory: options.memory,
    memorySwap: options["memory-swap"],
    cpus: number("cpus"),
    ulimits: options.ulimit && Object.fromEntries(options.ulimit.map((entry) => halves(entry))),
  };
}

function securityRefusals(entries) {
  return entries
    .filter((entry) => !/^no-new-privileges(:true|=true)?$/.test(entry))
    .map((entry) => `--security-opt ${entry} is not available with clawbox`);
}

function mountTable(volumes, workdir) {
  const table = new Map();
  for (const volume of volumes) {
    const bind = bindParts(volume);
    if (!bind?.host.startsWith("/") || !bind.container.startsWith("/") || !fs.existsSync(bind.host))
      throw new UsageError(`create: -v ${volume}: there is no such directory, or it has no absolute paths`);
    const odd = bind.options.find((option) => !["", "ro", "rw", "z", "Z"].includes(option));
    if (odd) throw new UsageError(`create: -v ${volume}: the option ${odd} is not available with clawbox`);
    const containerPath = plainPath(bind.container);
    const hostPath = realPathOfExisting(bind.host);
    if (containerPath === "/" || hostPath === "/") throw new UsageError(`create: -v ${volume} is all of a system`);
    if (!canBeNamed({ hostPath, containerPath }))
      throw new UsageError(`create: -v ${volume}: a character that profiles cannot name`);
    table.set(containerPath, { hostPath, containerPath, readOnly: bind.options.includes("ro"), noLinks: true });
  }
  const workspace = table.get(workdir);
  if (!workspace) throw new UsageError(`create: nothing is mounted at --workdir ${workdir}`);
  return { workspace, others: [...table.values()].filter((mount) => mount !== workspace) };
}

/** As Docker reads it: a line each; "#" begins a comment. */
export function variablesIn(file) {
  const lines = fs.readFileSync(file, "utf8").split("\n");
  const said = lines.filter((line) => line.trim() !== "" && !line.startsWith("#"));
  const bare = said.find((line) => !line.includes("="));
  if (bare !== undefined) throw new UsageError(`--env-file: ${bare} has no value, and nothing is taken from here`);
  return Object.fromEntries(said.map((line) => halves(line)));
}
