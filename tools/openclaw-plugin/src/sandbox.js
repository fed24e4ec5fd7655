// One sandbox: the session of clawbox that serves a scope. Found again after a restart, made anew when it is gone.
import fs from "node:fs";
import { setTimeout as after } from "node:timers/promises";
import { failure } from "./clawbox.js";
import { otherSources } from "./mounts.js";
import { makePlaces, removePlaces } from "./places.js";

const HOT_MS = 5 * 60_000; // as OpenClaw's Docker backend: what was used that recently is not replaced unasked
const CREATE_TIMEOUT_MS = 60_000;

export const RUNTIME_LABEL = "openclaw.runtime";
export const CONFIG_LABEL = "openclaw.config";
const MOUNTS_LABEL = "openclaw.mounts";

export class Sandbox {
  #session = null;
  #pending = null;

  /** `wish` is of sandboxWish(); `labels` go on the session; `tools` are {clawbox, state, logger, setupTimeoutMs}. */
  constructor(runtimeId, wish, { workspaceDir, environment, labels, scopeHint, requireCurrentConfig, tools }) {
    Object.assign(this, { runtimeId, wish, workspaceDir, environment, labels, scopeHint, requireCurrentConfig, tools });
  }

  /** At the begin of a turn: the session as it should be by now. */
  async prepare() {
    if (this.#session?.outdated) this.#session = null;
    await this.session();
  }

  /** The id of a session that lives, made anew where it does not. Of several callers one does the work. */
  async session() {
    if (this.living() !== null) return this.#session.id;
    this.#pending ??= this.#found().finally(() => (this.#pending = null));
    this.#session = await this.#pending;
    return this.#session.id;
  }

  /** The id of the session that was used last; null where it is gone. */
  living() {
    return this.#session && stillThere(this.#session) ? this.#session.id : null;
  }

  async #found() {
    const { clawbox, state } = this.tools;
    state.requireHidden(this.wish.mounts);
    state.writeProfile(this.runtimeId, this.wish.text);
    const note = state.note(this.runtimeId);
    if (note.wished !== this.wish.hash) state.writeNote(this.runtimeId, { ...note, wished: this.wish.hash });
    const [latest, ...older] = await clawbox.sessions(`${RUNTIME_LABEL}=${this.runtimeId}`);
    if (latest && this.#mayKeep(latest)) return this.#ready(latest);
    for (const stale of latest ? [latest, ...older] : []) await clawbox.remove(stale.id);
    return this.#made();
  }

  #mayKeep(session) {
    if (session.state !== "running" && session.state !== "frozen") return false;
    if (session.labels[CONFIG_LABEL] === this.wish.hash) return true;
    const hot = session.commands?.length > 0 || (session.idle_ms ?? 0) < HOT_MS;
    if (!hot) return false;
    const again = `openclaw sandbox recreate ${this.scopeHint}`;
    if (session.labels[MOUNTS_LABEL] !== this.wish.mountsHash)
      throw new Error(
        `the mounts of the sandbox ${this.runtimeId} have changed, and it is in use. Recreate it first: ${again}`,
      );
    if (this.requireCurrentConfig)
      throw new Error(`the configuration of the sandbox ${this.runtimeId} has changed. Recreate it first: ${again}`);
    this.tools.logger.warn(
      `the configuration of the sandbox ${this.runtimeId} has changed, and it is in use: ${again}`,
    );
    return true;
  }

  async #made() {
    const { clawbox, logger } = this.tools;
    this.#makePlaces();
    const result = await clawbox.run(this.#createWords(), { timeoutMs: CREATE_TIMEOUT_MS });
    if (result.code !== 0) throw failure(["create"], result);
    const shortfalls = result.stderr.toString("utf8").trim();
    if (shortfalls) logger.warn(shortfalls);
    const { id, created } = JSON.parse(result.stdout.toString("utf8"));
    if (created) await this.#setUp(id);
    return this.#ready({ id });
  }

  #makePlaces() {
    const { state } = this.tools;
    const places = makePlaces(this.wish.mounts);
    const note = state.note(this.runtimeId);
    if (places.length > 0) state.writeNote(this.runtimeId, { ...note, places: [...(note.places ?? []), ...places] });
  }

  #createWords() {
    const labels = {
      ...this.labels,
      [RUNTIME_LABEL]: this.runtimeId,
      [CONFIG_LABEL]: this.wish.hash,
      [MOUNTS_LABEL]: this.wish.mountsHash,
    };
    return [
      "create",
      "--json",
      "--name",
      this.runtimeId,
      "--profile",
      this.tools.state.profilePath(this.runtimeId),
      "--workspace",
      this.wish.mounts[0].hostPath,
      "--workdir",
      this.wish.workdir,
      ...Object.entries(labels).flatMap(([name, value]) => ["--label", `${name}=${value}`]),
    ];
  }

  /** Once for each session. A sandbox whose set-up failed is none. */
  async #setUp(id) {
    const { clawbox, state, setupTimeoutMs } = this.tools;
    if (this.wish.setupCommand) {
      await this.#inspected(id);
      const file = state.writeVariables(this.environment);
      try {
        await clawbox.call(
          [
            "exec",
            "--env-file",
            file,
            "--env-file-once",
            "--label",
            "openclaw.setup=1",
            id,
            "--",
            "/bin/sh",
            "-lc",
            this.wish.setupCommand,
          ],
          { timeoutMs: setupTimeoutMs },
        );
      } catch (error) {
        await clawbox.remove(id);
        throw new Error(`sandbox.docker.setupCommand failed: ${error.message}`, { cause: error });
      } finally {
        fs.rmSync(file, { force: true }); // where clawbox failed before it opened it
      }
    }
    state.writeNote(this.runtimeId, { ...state.note(this.runtimeId), ready: id });
  }

  /** Another process of OpenClaw may have made it, and be at its set-up still. */
  async #ready({ id }) {
    const { clawbox, state, setupTimeoutMs } = this.tools;
    const until = Date.now() + setupTimeoutMs;
    while (this.wish.setupCommand && state.note(this.runtimeId).ready !== id) {
      if (Date.now() > until) {
        await clawbox.remove(id);
        throw new Error(
          `the set-up of the sandbox ${this.runtimeId} was never finished; it is made anew on the next turn`,
        );
      }
      await after(200);
    }
    const { supervisor, labels } = await this.#inspected(id);
    return { id, supervisor, startTime: startTime(supervisor), outdated: labels[CONFIG_LABEL] !== this.wish.hash };
  }

  /** What `clawbox inspect` says of a session; one that shows another place than was allowed is none. */
  async #inspected(id) {
    const { clawbox } = this.tools;
    const { stdout } = await clawbox.call(["inspect", id], { timeoutMs: 10_000 });
    const facts = JSON.parse(stdout.toString("utf8"));
    const others = otherSources(this.wish.mounts, facts.plan);
    if (others.length === 0) return facts;
    await clawbox.remove(id);
    throw new Error(
      `the sandbox ${this.runtimeId} did not mount what sandbox.docker.binds allows: ${others.join("; ")}`,
    );
  }
}

/** Ends the sandbox, and takes away what it left in the workspace. Nothing there is fine. */
export async function removeSandbox(runtimeId, { clawbox, state }) {
  for (const session of await clawbox.sessions(`${RUNTIME_LABEL}=${runtimeId}`)) await clawbox.remove(session.id);
  removePlaces(state.note(runtimeId).places ?? []);
  state.forget(runtimeId);
}

/** A session lives as long as its supervisor; a number that was used again has another start time. */
function stillThere({ supervisor, startTime: known }) {
  return known !== null && startTime(supervisor) === known;
}

/** Field 22 of /proc/PID/stat, counted from behind the command's name, which may hold anything; null: no process. */
function startTime(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? null : fields[19];
  } catch {
    return null;
  }
}
