// Commands in a sandbox: what OpenClaw spawns for the exec tool, and the scripts of its own that it runs for files.
import { randomUUID } from "node:crypto";
import fs from "node:fs";
import { allowAll, requireApproval } from "./approvals.js";
import { failure, isOwnFailure } from "./clawbox.js";
import { isInside } from "./paths.js";

export const EXEC_VARIABLE = "CLAWBOX_EXEC_ID";
const SCRIPT_TIMEOUT_MS = 120_000;
const ENDED_BY_SIGNAL = new Set([130, 137, 143]); // 128 + SIGINT, SIGKILL, SIGTERM
const CLEANUP_TIMEOUT_MS = 4_500; // OpenClaw waits 5 s

// Everything inside that carries the variable; twice, for what was just being forked.
const SIGNAL_MARKED = `
found=1
for round in 1 2; do
  for process in /proc/[0-9]*; do
    tr '\\0' '\\n' <"$process/environ" 2>/dev/null | grep -Fqx "$1" || continue
    kill -"$2" "\${process#/proc/}" 2>/dev/null && found=0
  done
  [ "$2" = KILL ] || break
done
exit "$found"`;

export class Commands {
  #issued = new Set();

  /** `labels()` are those of now, for the audit trail; `approve` is of approvals.js. */
  constructor(sandbox, { clawbox, state, gateway, labels, approve = allowAll }) {
    Object.assign(this, { sandbox, clawbox, state, gateway, labels, approve });
  }

  /**
   * The variables are the model's: they go by a file that the launcher removes as it opens it, and are neither on its
   * command line nor in its environment.
   */
  async spec({ command, workdir, env, usePty }) {
    await this.#ask(command, workdir);
    const session = await this.sandbox.session();
    const id = this.#issued.delete(env[EXEC_VARIABLE]) ? env[EXEC_VARIABLE] : randomUUID();
    const file = this.state.writeVariables({ ...insideVariables(env, this.gateway), [EXEC_VARIABLE]: id });
    return {
      argv: [
        this.clawbox.program(),
        "exec",
        ...(usePty ? ["--interactive", "--tty"] : []),
        "--env-file",
        file,
        "--env-file-once",
        ...this.#labelWords(id),
        `--workdir=${workdir ?? this.sandbox.wish.workdir}`,
        session,
        "--",
        "/bin/sh",
        "-lc",
        this.#shellWords(env, command),
      ],
      env: this.clawbox.environment,
      stdinMode: usePty ? "pipe-open" : "pipe-closed",
      finalizeToken: { file, id },
    };
  }

  async #ask(command, workdir = this.sandbox.wish.workdir) {
    const { "openclaw.session": sessionKey, "openclaw.run": runId } = this.labels();
    await requireApproval(this.approve, {
      command,
      workdir,
      sessionKey,
      runId,
      runtimeId: this.sandbox.runtimeId,
    });
  }

  /** What was ended from outside, by a signal that is passed on, may have left processes that no signal reached. */
  async finalize({ exitCode, timedOut, token }) {
    if (!token) return;
    const wasTaken = !fs.existsSync(token.file);
    fs.rmSync(token.file, { force: true });
    if (wasTaken && (timedOut || exitCode === null || ENDED_BY_SIGNAL.has(exitCode)))
      await this.signalMarked(token.id, "KILL");
  }

  cleanup(env) {
    const id = randomUUID();
    this.#issued.add(id);
    return {
      env: { ...env, [EXEC_VARIABLE]: id },
      terminate: () => this.signalMarked(id, "KILL"),
      interrupt: (timeoutMs) => this.signalMarked(id, "INT", timeoutMs),
    };
  }

  /** Whether there was anything. A sandbox that is gone has taken all with it, and is not made anew for this. */
  async signalMarked(id, signal, timeoutMs = CLEANUP_TIMEOUT_MS) {
    const session = this.sandbox.living();
    if (session === null) return false;
    const result = await this.#runScript(session, SIGNAL_MARKED, [`${EXEC_VARIABLE}=${id}`, signal], { timeoutMs });
    if (isOwnFailure(result) && this.sandbox.living() !== null) throw failure(["exec"], result);
    return result.code === 0;
  }

  /** Rejects for a status other than 0, unless that is allowed, and always where clawbox itself failed. */
  async runShellCommand({ script, args = [], stdin = "", allowFailure = false, signal }) {
    const session = await this.sandbox.session();
    const result = await this.#runScript(session, script, args, { input: stdin, signal, timeoutMs: SCRIPT_TIMEOUT_MS });
    if (isOwnFailure(result)) throw failure(["exec"], result);
    if (result.code === 0 || allowFailure) return result;
    const said = result.stderr.toString("utf8").trim();
    throw Object.assign(new Error(said || `the script ended with status ${result.code}`), result);
  }

  #runScript(session, script, args, options) {
    const words = [
      "exec",
      "--interactive",
      ...this.#labelWords(),
      "--workdir",
      "/",
      session,
      "--",
      "/bin/sh",
      "-c",
      script,
      "openclaw-sandbox-fs",
      ...args,
    ];
    return this.clawbox.run(words, options);
  }

  #labelWords(id) {
    const labels = { ...this.labels(), ...(id ? { "openclaw.exec": id } : {}) };
    return Object.entries(labels).flatMap(([name, value]) => ["--label", `${name}=${value}`]);
  }

  /** A login shell sets PATH itself, so what is to stand before it comes after that. */
  #shellWords(env, command) {
    const { softOpenFiles } = this.sandbox.wish;
    const limit = softOpenFiles === null ? "" : `ulimit -S -n ${softOpenFiles}; `;
    const search =
      extraPath(env.PATH, this.gateway) === ""
        ? ""
        : `export PATH="\${OPENCLAW_PREPEND_PATH}:$PATH"; unset OPENCLAW_PREPEND_PATH; `;
    return `${limit}${search}${command}`;
  }
}

/**
 * OpenClaw puts the gateway's own PATH in, which says nothing about the inside, and before it programs of its own state
 * directory, which no sandbox sees. What is left was asked for. `gateway` is {path, stateDir}.
 */
export function extraPath(requested, { path = "", stateDir }) {
  const own = path.split(":");
  const entries = (requested ?? path).split(":");
  const ends = path !== "" && entries.slice(-own.length).join(":") === path;
  const before = ends ? entries.slice(0, -own.length) : entries;
  return before.filter((entry) => entry !== "" && !isInside(stateDir, entry)).join(":");
}

export function insideVariables(env, gateway) {
  const { PATH: requested, ...variables } = env;
  const extra = extraPath(requested, gateway);
  return extra === "" ? variables : { ...variables, OPENCLAW_PREPEND_PATH: extra };
}
