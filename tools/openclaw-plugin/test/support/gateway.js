// The real OpenClaw with a home, a state directory and a gateway of its own on loopback, the plugin in it, and a
// scripted model to talk to.
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import { ScriptedModel } from "./scripted_model.js";

const PLUGIN = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), "../..");
const TOKEN = "loopback-only";
const CLI_TIMEOUT_MS = 240_000;

export class OpenClaw {
  #gateway = null;
  #log = "";
  model = new ScriptedModel();

  /** `directory` is the test's own; `installed` is of openclawDirectory(). */
  constructor(directory, clawbox, installed) {
    this.directory = directory;
    this.clawbox = clawbox;
    this.home = path.join(directory, "home");
    this.bin = path.join(installed, "node_modules/.bin");
    for (const name of ["home/.openclaw", "run", "tmp", "state"])
      fs.mkdirSync(path.join(directory, name), { recursive: true, mode: 0o700 });
    this.environment = {
      PATH: `${this.bin}:/usr/local/bin:/usr/bin:/bin`,
      HOME: this.home,
      TMPDIR: path.join(directory, "tmp"),
      XDG_RUNTIME_DIR: path.join(directory, "run"),
      XDG_STATE_HOME: path.join(directory, "state"),
      XDG_CACHE_HOME: path.join(directory, "cache"),
      GATEWAY_SECRET: "never inside",
    };
    this.#closeWhenKilled();
  }

  get configFile() {
    return path.join(this.home, ".openclaw/openclaw.json");
  }

  /** Changes the configuration; a gateway that runs takes it over when it starts anew. */
  configure(change) {
    const config = fs.existsSync(this.configFile) ? JSON.parse(fs.readFileSync(this.configFile, "utf8")) : {};
    change(config);
    fs.writeFileSync(this.configFile, JSON.stringify(config, null, 2), { mode: 0o600 });
  }

  /** {status, stdout, stderr} of the openclaw program. */
  cli(...args) {
    return spawnSync("openclaw", args, {
      env: this.environment,
      encoding: "utf8",
      timeout: CLI_TIMEOUT_MS,
      cwd: this.directory,
    });
  }

  /** Runs a script in OpenClaw's own Node.js. */
  node(script, ...args) {
    const { status, stderr } = spawnSync("node", ["-e", script, ...args], { env: this.environment, encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
  }

  /** {status, stdout, stderr} of the clawbox program, as the gateway's user has it. */
  own(...args) {
    return spawnSync(this.clawbox, args, {
      env: this.environment,
      encoding: "utf8",
      timeout: CLI_TIMEOUT_MS,
      cwd: "/",
    });
  }

  sessions() {
    return JSON.parse(this.own("ls", "--json").stdout);
  }

  /** As a user does, with the plugin's own configuration. */
  installPlugin(config) {
    const { status, stderr } = this.cli("plugins", "install", PLUGIN, "--force", "--accept-capabilities");
    if (status !== 0) throw new Error(stderr);
    this.configure((all) => (all.plugins.entries.clawbox = { enabled: true, config }));
  }

  async startModel() {
    const baseUrl = await this.model.start();
    this.port = await freePort();
    this.configure((config) => Object.assign(config, baseConfig(this, baseUrl)));
  }

  /** OpenClaw gives parts of its start five seconds, which a busy machine may need for others: then once more. */
  async startGateway() {
    try {
      await this.#startOnce();
    } catch {
      await this.#startOnce();
    }
  }

  async #startOnce() {
    this.#log = "";
    this.#gateway = spawn("openclaw", ["gateway", "run"], {
      env: this.environment,
      cwd: this.directory,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    await new Promise((resolve, reject) => {
      const hear = (text) => {
        this.#log += text;
        if (/http server listening/.test(this.#log)) resolve();
      };
      this.#gateway.stdout.setEncoding("utf8").on("data", hear);
      this.#gateway.stderr.setEncoding("utf8").on("data", hear);
      this.#gateway.once("exit", () => reject(new Error(`the gateway ended:\n${this.#log}`)));
    });
  }

  get log() {
    return this.#log;
  }

  async stopGateway() {
    if (this.#gateway === null || this.#gateway.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#gateway.once("close", resolve));
    process.kill(-this.#gateway.pid, "SIGKILL"); // a crash: what it leaves is what the next one must find
    await ended;
    this.#gateway = null;
  }

  /** What the calls answered, in one turn of an agent in a session. Throws where the model was never asked. */
  async turn(calls, { agent = "main", session = "main", signal } = {}) {
    const turn = this.model.script(calls);
    const headers = {
      authorization: `Bearer ${TOKEN}`,
      "content-type": "application/json",
      "x-openclaw-agent-id": agent,
      "x-openclaw-session-key": `agent:${agent}:${session}`,
    };
    const message = { model: `openclaw/${agent}`, messages: [{ role: "user", content: turn.message }] };
    const body = await posted(this.port, "/v1/chat/completions", headers, JSON.stringify(message), signal);
    if (turn.answers.length < calls.length)
      throw new Error(
        `the turn gave ${turn.answers.length} of ${calls.length} answers: ${body}\n${this.#log.slice(-800)}`,
      );
    return turn.answers;
  }

  async exec(command, { env, workdir, timeoutSeconds, ...where } = {}) {
    return (await this.turn([{ name: "exec", arguments: { command, env, workdir, timeoutSeconds } }], where))[0];
  }

  /** Ends everything that was started; also where the test itself is ended by a signal. */
  async close() {
    await this.stopGateway();
    this.model.stop();
    this.own("kill", "--all");
  }

  #closeWhenKilled() {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"])
      process.once(signal, async () => {
        await this.close();
        process.exit(1);
      });
  }
}

function baseConfig({ port, home, directory }, baseUrl) {
  const model = {
    id: "scripted",
    name: "scripted",
    reasoning: false,
    input: ["text"],
    contextWindow: 1_000_000,
    maxTokens: 8000,
    cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
  };
  return {
    logging: { file: path.join(directory, "openclaw.log") },
    gateway: {
      mode: "local",
      bind: "loopback",
      port,
      auth: { mode: "token", token: TOKEN },
      http: { endpoints: { chatCompletions: { enabled: true } } },
    },
    models: { providers: { scripted: { baseUrl, apiKey: "none", api: "openai-completions", models: [model] } } },
    agents: {
      ownership: "explicit",
      defaults: {
        systemAgent: { agentId: "main" },
        workspace: path.join(home, "workspace"),
        skipBootstrap: true,
        model: { primary: "scripted/scripted" },
        sandbox: { mode: "all", backend: "clawbox", scope: "agent", workspaceAccess: "rw" },
      },
    },
    tools: { exec: { timeoutSeconds: 60, applyPatch: { enabled: true } } },
  };
}

/** A connection of its own for each: the gateway closes those that stand idle while a test does something else. */
function posted(port, path, headers, body, signal) {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: "127.0.0.1", port, path, headers, method: "POST", agent: false, signal },
      async (response) => {
        const pieces = [];
        try {
          for await (const piece of response) pieces.push(piece);
          resolve(Buffer.concat(pieces).toString("utf8"));
        } catch (error) {
          reject(error);
        }
      },
    );
    request.on("error", reject).end(body);
  });
}

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
