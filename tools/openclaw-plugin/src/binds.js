// sandbox.docker.binds: the same rules as OpenClaw's own for its Docker backend, which it does not apply to others.
import os from "node:os";
import path from "node:path";
import { isInside, plainPath, realPathOfExisting } from "./paths.js";

const BLOCKED = ["/etc", "/proc", "/sys", "/dev", "/root", "/boot", "/run", "/var/run"];
const BLOCKED_IN_HOMES = [".aws", ".cargo", ".config", ".docker", ".gnupg", ".netrc", ".npm", ".ssh"];
const RESERVED_TARGETS = ["/workspace", "/agent"];
// Labels and caches that mean nothing here; and the only propagation there is.
const HARMLESS_OPTIONS = new Set([
  "",
  "rw",
  "ro",
  "z",
  "Z",
  "consistent",
  "cached",
  "delegated",
  "private",
  "rprivate",
]);

/** {host, container, options} of "host:container[:options]"; null for what has no colon. */
export function bindParts(spec) {
  const [host, container, ...options] = spec.split(":");
  return container === undefined ? null : { host, container, options: options.join(":").split(",") };
}

/**
 * {mounts, refusals}: the binds as {hostPath, containerPath, readOnly, noLinks}. `roots` are the workspaces that
 * sources may lie in. A source is looked up once, and what was judged is what is mounted: a path without links, and
 * with none when the session is made, since agents make links in the workspaces meanwhile.
 */
export function checkedBinds(docker, { roots, environment = process.env }) {
  const rules = {
    blocked: blockedPaths(environment),
    roots:
      docker.dangerouslyAllowExternalBindSources === true
        ? null
        : roots.flatMap((root) => [root, realPathOfExisting(root)]),
    reserved: docker.dangerouslyAllowReservedContainerTargets === true ? [] : RESERVED_TARGETS,
  };
  const found = { mounts: [], refusals: [] };
  for (const spec of docker.binds ?? []) {
    const { mount, why } = judged(bindParts(spec), rules);
    if (why) found.refusals.push(`sandbox.docker.binds: ${JSON.stringify(spec)} ${why}`);
    else found.mounts.push(mount);
  }
  return found;
}

/** {mount} or {why} not. */
function judged(bind, rules) {
  const why = objection(bind, rules);
  if (why) return { why };
  const hostPath = realPathOfExisting(bind.host);
  const containerPath = plainPath(bind.container);
  const mount = { hostPath, containerPath, readOnly: bind.options.includes("ro"), noLinks: true };
  return { mount, why: sourceObjection(plainPath(bind.host), rules) ?? sourceObjection(hostPath, rules) };
}

function blockedPaths(environment) {
  const homes = [environment.OPENCLAW_HOME, environment.HOME, accountHome()].filter((home) => home?.startsWith("/"));
  const places = homes.flatMap((home) => [plainPath(home), realPathOfExisting(home)]).filter((home) => home !== "/");
  return [...BLOCKED, ...places.flatMap((home) => BLOCKED_IN_HOMES.map((name) => path.posix.join(home, name)))];
}

function accountHome() {
  try {
    return os.userInfo().homedir;
  } catch {
    return undefined; // in a container an id often has no account
  }
}

function objection(bind, rules) {
  if (!bind?.host.startsWith("/") || !bind.container.startsWith("/")) return "is not /SOURCE:/TARGET[:OPTIONS]";
  const odd = bind.options.find((option) => !HARMLESS_OPTIONS.has(option));
  if (odd !== undefined) return `has the option ${JSON.stringify(odd)}, which is not available`;
  const target = plainPath(bind.container);
  if (target === "/") return "covers the root";
  const reserved = rules.reserved.find((root) => isInside(root, target));
  if (reserved) return `has its target in ${reserved}, where OpenClaw mounts its own`;
  return null;
}

function sourceObjection(source, { blocked, roots }) {
  if (source === "/") return "shows the whole system";
  const touched = blocked.find((place) => isInside(place, source) || isInside(source, place));
  if (touched) return `shows ${touched}, which sandboxes must not see`;
  if (roots && !roots.some((root) => isInside(root, source)))
    return `has its source ${source} outside of the workspaces (${roots.join(", ")})`;
  return null;
}
