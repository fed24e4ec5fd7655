// The clawbox program: one call each, bounded in time and output, with an environment of our own.
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

const MOST_OUTPUT = 64 * 1024 * 1024;
const NO_SUCH_SESSION = 72;
// Statuses of clawbox itself, which a script's own may equal: the message tells them apart.
const OWN_STATUSES = new Set([64, 65, 66, 67, 68, 69, 70, 72, 73, 75, 77, 78, 125]);
const OWN_MESSAGE = /^clawbox: error: /m;

// Where clawbox keeps things, the service manager that holds its caps, and the proxy through which the host reaches the
// network (sessions do not see these). Nothing else of the gateway's passes: its secrets do not concern a launcher, and
// what a model asks for must never steer one.
const PASSED = [
  "HOME",
  "USER",
  "LOGNAME",
  "XDG_CONFIG_HOME",
  "XDG_STATE_HOME",
  "XDG_CACHE_HOME",
  "XDG_RUNTIME_DIR",
  "DBUS_SESSION_BUS_ADDRESS",
  "https_proxy",
  "HTTPS_PROXY",
  "all_proxy",
  "ALL_PROXY",
  "no_proxy",
  "NO_PROXY",
];

export function launcherEnvironment(environment) {
  const passed = PASSED.filter((name) => environment[name] !== undefined).map((name) => [name, environment[name]]);
  return { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ...Object.fromEntries(passed) };
}

/** The absolute path of the program: the configured one, else the first on the search path. */
export function programPath(configured, searchPath = "") {
  if (configured) return configured;
  const found = searchPath
    .split(":")
    .filter((place) => place.startsWith("/"))
    .map((place) => path.join(place, "clawbox"))
    .find(isExecutable);
  if (found) return found;
  throw new Error(
    "clawbox is not on the gateway's PATH: set plugins.entries.clawbox.config.command to its absolute path",
  );
}

function isExecutable(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

export class Clawbox {
  /** `program` gives the path when it is needed, so that a missing one fails a turn and not the gateway. */
  constructor(program, environment) {
    this.program = program;
    this.environment = environment;
  }

  /** {code, stdout, stderr}, whatever the code. Rejects where the program cannot run, takes too long, or is aborted. */
  async run(args, { input = "", timeoutMs, signal } = {}) {
    signal?.throwIfAborted();
    const child = spawn(this.program(), args, { env: this.environment, cwd: "/", stdio: ["pipe", "pipe", "pipe"] });
    const output = [collected(child, "stdout"), collected(child, "stderr")];
    child.stdin.on("error", () => {}); // it need not read all of it
    child.stdin.end(input);
    const [code, stdout, stderr] = await Promise.all([ended(child, args, { timeoutMs, signal }), ...output]);
    return { code, stdout, stderr };
  }

  /** The same, and clawbox's own failure rejects, with its own words. */
  async call(args, options) {
    const result = await this.run(args, options);
    if (result.code !== 0) throw failure(args, result);
    return result;
  }

  /** All that `ls` knows of the sessions with this label, newest first. */
  async sessions(label) {
    const { stdout } = await this.call(["ls", "--all", "--json", "--label", label], { timeoutMs: 10_000 });
    return JSON.parse(stdout.toString("utf8")).sort((a, b) => b.created_ms - a.created_ms);
  }

  async remove(session) {
    const result = await this.run(["rm", "--force", session], { timeoutMs: 30_000 });
    if (result.code !== 0 && result.code !== NO_SUCH_SESSION) throw failure(["rm"], result);
  }
}

/** Did clawbox fail, rather than what it was to run? */
export function isOwnFailure({ code, stderr }) {
  return OWN_STATUSES.has(code) && OWN_MESSAGE.test(stderr.toString("utf8"));
}

export function failure(args, { code, stdout, stderr }) {
  const said = stderr
    .toString("utf8")
    .trim()
    .replace(/^clawbox: error: /, "");
  return Object.assign(new Error(`clawbox ${args[0]}: ${said || `status ${code}`}`), { code, stdout, stderr });
}

function collected(child, name) {
  const pieces = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    child[name].on("data", (piece) => {
      pieces.push(piece);
      size += piece.length;
      if (size <= MOST_OUTPUT) return;
      child.kill("SIGKILL");
      reject(new Error(`clawbox: more than ${MOST_OUTPUT} bytes on ${name}`));
    });
    child[name].on("end", () => resolve(Buffer.concat(pieces)));
    child[name].on("error", reject);
  });
}

function ended(child, args, { timeoutMs, signal }) {
  return new Promise((resolve, reject) => {
    const giveUp = (error) => {
      child.kill("SIGKILL"); // and what it runs inside ends with it
      reject(error);
    };
    const abort = () => giveUp(signal.reason ?? new DOMException("Aborted", "AbortError"));
    const late = () => giveUp(new Error(`clawbox ${args[0]} took longer than ${timeoutMs} ms`));
    const timer = timeoutMs ? setTimeout(late, timeoutMs) : undefined;
    signal?.addEventListener("abort", abort, { once: true });
    child.on("error", (error) => reject(new Error(`${child.spawnfile}: ${error.message}`, { cause: error })));
    child.on("close", (code, killer) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      if (code === null) reject(new Error(`clawbox ${args[0]} was ended by ${killer}`));
      else resolve(code);
    });
  });
}
