// sandbox.docker.* as parts of a clawbox profile. Each key is honoured or refused by its name; one that this table does
// not know is refused too, so that nothing an operator wrote is silently without effect.
//
// What is not decided here: workdir and binds (mounts.js), env and setupCommand (exec.js, sandbox.js).
import { networkTable } from "./network.js";
import { cpuText, dockerBytes, sizeText, ulimitRange } from "./units.js";

const DEFAULT_IMAGE = "openclaw-sandbox:bookworm-slim";
const MEBIBYTE = 1024 ** 2;
const LEAST_MEMORY = 16 * MEBIBYTE;
const LEAST_PROCESSES = 4;
const USUAL_TMPFS = 256 * MEBIBYTE;
const UNLIMITED_SWAP = 2 ** 50; // the largest size that a profile knows

const nothing = () => {};
const refused = (why) => (wish) => wish.refuse(why);
const unknown = refused("this version of the clawbox plugin does not know the key");

/** Each gets the wish, the value, and all of sandbox.docker. */
const KEYS = {
  image(wish, image) {
    if (image !== DEFAULT_IMAGE)
      wish.refuse(
        "a sandbox shows the host's own system and has no image; leave the key out, or name a root file " +
          "system with files.root in a clawbox profile",
      );
  },
  containerPrefix: nothing,
  workdir: nothing,
  binds: nothing,
  setupCommand: nothing,
  env(wish, env) {
    for (const [name, value] of Object.entries(env))
      if (name === "" || /[=\0]/.test(name) || value.includes("\0"))
        wish.refuse(`${JSON.stringify(name)} cannot be set`);
  },
  readOnlyRoot(wish, value) {
    if (!value) wish.refuse("the system is the host's own and stays read-only");
  },
  tmpfs: chooseTmpfs,
  network(wish, network) {
    if (network === "none" || network === "") wish.profile.network = networkTable(wish.network);
    else
      wish.refuse(
        `${JSON.stringify(network)} is not available: only "none" is; what may be reached is named in ` +
          "plugins.entries.clawbox.config.network.allow",
      );
  },
  user: chooseUser,
  capDrop(wish, names) {
    if (names.length === 0) wish.refuse("an empty list asks to keep capabilities, and clawbox drops all of them");
  },
  pidsLimit(wish, count) {
    if (count < LEAST_PROCESSES) wish.refuse(`${count} is less than ${LEAST_PROCESSES}, which a session itself needs`);
    else wish.limits.processes = count;
  },
  memory(wish, value) {
    const bytes = dockerBytes(value);
    if (bytes === null) return wish.refuse(`${JSON.stringify(value)} is no size`);
    if (bytes === 0) return; // Docker: as if it were not there
    if (bytes < LEAST_MEMORY) return wish.refuse(`${JSON.stringify(value)} is less than ${sizeText(LEAST_MEMORY)}`);
    wish.limits.memory = sizeText(bytes);
    // tmpfs counts as memory: all of them together must not be able to use it up.
    wish.limits.tmp ??= sizeText(Math.min(USUAL_TMPFS, Math.floor(bytes / 4)));
  },
  memorySwap: chooseSwap,
  cpus(wish, count) {
    if (count > 0) wish.limits.cpu = cpuText(count);
  },
  ulimits(wish, ulimits) {
    for (const [name, value] of Object.entries(ulimits)) chooseUlimit(wish, name, value);
  },
  gpus: refused("devices of the host are not shown"),
  seccompProfile: refused("a filter of Docker's cannot be loaded; [syscalls] of a clawbox profile says the same"),
  apparmorProfile: refused("clawbox confines without AppArmor; leave the key out"),
  dns: refused("names are looked up by the host, for what plugins.entries.clawbox.config.network.allow names"),
  extraHosts: refused("names are looked up by the host: put them into its /etc/hosts"),
  dangerouslyAllowReservedContainerTargets: nothing,
  dangerouslyAllowExternalBindSources: nothing,
  dangerouslyAllowContainerNamespaceJoin: nothing,
};

/**
 * `owner` is {uid, gid} of whoever the sandbox's processes are; `tmpfsIsDefault` says that nobody configured tmpfs;
 * `network` is of networkSettings(). Returns {profile, softOpenFiles, refusals}; each refusal begins with the key.
 */
export function dockerWish(docker, { owner, tmpfsIsDefault, network }) {
  const limits = {};
  const wish = { limits, profile: { limits, files: {}, identity: {} }, softOpenFiles: null, refusals: [], owner, network };
  for (const [key, value] of Object.entries(docker)) {
    if (value === undefined || value === null || isEmptyList(key, value) || (key === "tmpfs" && tmpfsIsDefault))
      continue;
    wish.refuse = (why) => void wish.refusals.push(`sandbox.docker.${key}: ${why}`);
    (Object.hasOwn(KEYS, key) ? KEYS[key] : unknown)(wish, value, docker);
  }
  return { profile: wish.profile, softOpenFiles: wish.softOpenFiles, refusals: wish.refusals };
}

/** An empty list asks for nothing, but for those two, where it asks for less than the default. */
function isEmptyList(key, value) {
  return Array.isArray(value) && value.length === 0 && key !== "capDrop" && key !== "tmpfs";
}

const HARMLESS_TMPFS_OPTIONS = new Set(["rw", "exec", "nosuid", "nodev", "mode=1777", "mode=01777"]);

function chooseTmpfs(wish, entries) {
  const sizes = new Set();
  wish.profile.files.tmpfs = entries.map((entry) => {
    const [path, ...rest] = entry.split(":");
    if (!/^\/[^*?[\\]+$/.test(path) || path.split("/").includes(".."))
      wish.refuse(`${JSON.stringify(entry)} has no plain path`);
    for (const option of rest.join(":").split(",").filter(Boolean)) {
      const size = option.startsWith("size=") ? dockerBytes(option.slice(5)) : null;
      if (size) sizes.add(size);
      else if (!HARMLESS_TMPFS_OPTIONS.has(option)) wish.refuse(`${JSON.stringify(entry)}: ${option} is not available`);
    }
    return path;
  });
  if (sizes.size > 1) wish.refuse("all of them must have the same size=");
  if (sizes.size === 1) wish.limits.tmp = sizeText([...sizes][0]);
}

/** Inside, one is the owner of the workspace, or looks like root; other ids belong to nobody there. */
function chooseUser(wish, user) {
  const { uid, gid } = wish.owner;
  const [name, group] = user.split(":");
  if (/^(0|root)$/.test(name) && /^(0|root)?$/.test(group ?? "")) {
    wish.profile.identity.as_root = true;
    return;
  }
  if (name !== String(uid) || (group ?? String(gid)) !== String(gid))
    wish.refuse(`${JSON.stringify(user)} is not available: only "${uid}:${gid}", who owns the workspace, or "0:0"`);
}

function chooseSwap(wish, value, docker) {
  const total = value === -1 || value === "-1" ? -1 : dockerBytes(value);
  if (total === null) return wish.refuse(`${JSON.stringify(value)} is no size`);
  if (total === 0) return; // Docker: as if it were not there
  const memory = docker.memory === undefined ? null : dockerBytes(docker.memory);
  if (!memory) return wish.refuse("is the sum of memory and swap, so it needs sandbox.docker.memory");
  if (total !== -1 && total < memory)
    return wish.refuse("is the sum of memory and swap, so it cannot be less than memory");
  wish.limits.swap = sizeText(total === -1 ? UNLIMITED_SWAP : total - memory);
}

const ULIMITS = {
  nofile: (limits, count) => (limits.open_files = count),
  nproc: (limits, count) => (limits.processes = Math.min(count, limits.processes ?? count)),
  fsize: (limits, bytes) => (limits.file_size = sizeText(bytes)),
  stack: (limits, bytes) => (limits.stack = sizeText(bytes)),
  as: (limits, bytes) => (limits.address_space = sizeText(bytes)),
  memlock: (limits, bytes) => (limits.locked_memory = sizeText(bytes)),
  msgqueue: (limits, bytes) => (limits.message_queues = sizeText(bytes)),
  sigpending: (limits, count) => (limits.pending_signals = count),
};

function chooseUlimit(wish, name, value) {
  const range = ulimitRange(value);
  const known = Object.hasOwn(ULIMITS, name);
  if (name === "core" && range?.soft === 0 && range.hard === 0) return; // never any other
  if (!known || !range || range.hard === -1)
    return wish.refuse(`${name} = ${JSON.stringify(value)} ${known ? "is no limit" : "cannot be set"}`);
  if (range.soft !== range.hard && name !== "nofile") return wish.refuse(`${name}: soft and hard must be the same`);
  if (name === "nproc" && range.hard < LEAST_PROCESSES) return wish.refuse(`nproc must be at least ${LEAST_PROCESSES}`);
  ULIMITS[name](wish.limits, range.hard);
  if (range.soft !== range.hard) wish.softOpenFiles = range.soft;
}
