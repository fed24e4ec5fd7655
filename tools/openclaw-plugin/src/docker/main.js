// The verbs of clawbox-docker: those of OpenClaw's calls.
import { spawn } from "node:child_process";
import os from "node:os";
import path from "node:path";
import { Clawbox, launcherEnvironment, programPath } from "../clawbox.js";
import { Containers, NoSuchContainer } from "./containers.js";
import { createWish, IMAGE, variablesIn } from "./create.js";
import { gatewayAnswer, gatewayFacts, isGateway } from "./gateway.js";
import { parsed, UsageError } from "./options.js";
import { filled } from "./template.js";

const FAILED = 1;
const USAGE = 125; // docker's own, of a command line that is wrong

const VERBS = { create, start, exec, inspect, image, rm, pause, unpause };

export async function main(args, environment = process.env) {
  const world = worldOf(environment);
  const [verb, ...rest] = args;
  try {
    if (!Object.hasOwn(VERBS, verb ?? ""))
      throw new UsageError(`${verb ?? ""}: this verb is not available with clawbox`);
    return (await VERBS[verb](rest, world)) ?? 0;
  } catch (error) {
    const own = error instanceof NoSuchContainer ? "" : "clawbox-docker: ";
    process.stderr.write(`${own}${error.message}\n`);
    return error instanceof UsageError ? USAGE : FAILED;
  }
}

function worldOf(environment) {
  const home = environment.XDG_STATE_HOME ?? path.join(environment.HOME ?? os.homedir(), ".local/state");
  const program = () => programPath(environment.CLAWBOX_COMMAND, environment.PATH);
  const clawbox = new Clawbox(program, launcherEnvironment(environment));
  return {
    clawbox,
    containers: new Containers(path.join(home, "clawbox-docker"), clawbox),
    profile: environment.CLAWBOX_DOCKER_PROFILE ?? "openclaw",
  };
}

const say = (text) => void process.stdout.write(`${text}\n`);

function create(args, { containers, profile }) {
  say(containers.create(createWish(args, profile)).id);
}

async function start(args, { containers }) {
  const { words } = parsed("start", args, {});
  const [name] = only("start", words);
  await containers.start(containers.found(name));
  say(name);
}

async function inspect(args, { containers }) {
  const { options, words } = parsed("inspect", args, { format: "one", type: "one" }, { f: "format" });
  if ((options.type ?? "container") !== "container")
    throw new UsageError(`inspect: --type ${options.type} is not available with clawbox`);
  if (options.format === undefined) throw new UsageError("inspect: without --format it is not available with clawbox");
  const [name] = only("inspect", words);
  if (!containers.known(name) && isGateway(name)) return say(filled(options.format, gatewayFacts()));
  const container = containers.found(name);
  say(filled(options.format, factsOf(container, await containers.isRunning(container))));
}

function factsOf(container, running) {
  return {
    Id: container.id,
    Name: `/${container.name}`,
    State: { Running: running, Status: running ? "running" : "exited" },
    Config: {
      Image: container.image,
      Labels: container.labels,
      Env: Object.entries(container.env).map(([name, value]) => `${name}=${value}`),
    },
    HostConfig: { Tmpfs: container.tmpfs },
    Mounts: container.mounts.map(({ hostPath, containerPath, readOnly }) => ({
      Type: "bind",
      Source: hostPath,
      Destination: containerPath,
      RW: !readOnly,
    })),
  };
}

/** There are no images; the one that OpenClaw asks for stands for the host's own system. */
function image(args) {
  const [verb, ...rest] = args;
  if (verb !== "inspect") throw new UsageError(`image ${verb}: is not available with clawbox`);
  const [name] = only("image inspect", parsed("image inspect", rest, {}).words);
  if (name !== IMAGE) throw new Error(`Error response from daemon: No such image: ${name}`);
  say(JSON.stringify([{ Id: "sha256:".padEnd(71, "0"), RepoTags: [IMAGE] }]));
}

async function exec(args, { containers, clawbox }) {
  const known = { interactive: "flag", tty: "flag", workdir: "one", "env-file": "one" };
  const { options, words } = parsed("exec", args, known, { i: "interactive", t: "tty", w: "workdir" });
  const [name, ...command] = words;
  if (command.length === 0) throw new UsageError("exec: no command was given");
  if (!containers.known(name) && isGateway(name)) return void process.stdout.write(gatewayAnswer(command));
  const container = containers.found(name);
  const session = await containers.session(container);
  if (session?.state !== "running") throw new Error(`Error response from daemon: Container ${name} is not running`);
  const variables = { ...container.env, ...(options["env-file"] ? variablesIn(options["env-file"]) : {}) };
  return passedOn(clawbox, [
    "exec",
    ...(options.interactive ? ["--interactive"] : []),
    ...(options.tty ? ["--tty"] : []),
    ...["--env-file", containers.state.writeVariables(variables), "--env-file-once"],
    `--workdir=${options.workdir ?? container.workdir}`,
    ...[session.id, "--", ...limited(command, container.softOpenFiles)],
  ]);
}

/** A soft limit below the hard one is set by the shell that runs the command anyhow. */
function limited(command, softOpenFiles) {
  if (softOpenFiles === null) return command;
  return ["/bin/sh", "-c", `ulimit -S -n ${softOpenFiles}; exec "$@"`, "sh", ...command];
}

/** With our own descriptors; signals go on to it, and its status is ours. */
function passedOn(clawbox, args) {
  const child = spawn(clawbox.program(), args, { env: clawbox.environment, cwd: "/", stdio: "inherit" });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? 128 + os.constants.signals[signal]));
  });
}

async function rm(args, { containers }) {
  const { options, words } = parsed("rm", args, { force: "flag" }, { f: "force" });
  const [name] = only("rm", words);
  const container = containers.found(name);
  if (!options.force && (await containers.isRunning(container)))
    throw new Error(`cannot remove container "/${name}": container is running: stop it first, or force it`);
  await containers.remove(container);
  say(name);
}

function pause(args, world) {
  return changed("pause", "freeze", args, world);
}

function unpause(args, world) {
  return changed("unpause", "thaw", args, world);
}

async function changed(verb, own, args, { containers, clawbox }) {
  const [name] = only(verb, parsed(verb, args, {}).words);
  const session = await containers.session(containers.found(name));
  if (!session) throw new Error(`Error response from daemon: Container ${name} is not running`);
  await clawbox.call([own, session.id], { timeoutMs: 10_000 });
  say(name);
}

function only(verb, words) {
  if (words.length !== 1) throw new UsageError(`${verb}: takes one name`);
  return words;
}
