// OpenClaw's file tools in a sandbox: each operation is one `clawbox fs`, which a process inside does, with the rights
// and the view of every command there. Nothing is executed inside, so no shell and no python3 need be there.
//
// The rules are those of OpenClaw's own bridge: only what is mounted from the host, read-only mounts stay so, nothing
// leads out of the mount that a path lies in, and files with several names are refused.
import { failure, isOwnFailure } from "./clawbox.js";
import { FsPaths } from "./fs_paths.js";

const TIMEOUT_MS = 60_000;

export class FsBridge {
  #paths;

  /** `sandbox` is a Sandbox; `tools` are {clawbox, labels}; `readOnly`: the configuration gives no right to write. */
  constructor(sandbox, { clawbox, labels, readOnly = false }) {
    const { mounts, workdir, tmpfs, overlay } = sandbox.wish;
    this.#paths = new FsPaths({ mounts, workdir, tmpfs, hostRoots: !overlay });
    Object.assign(this, { sandbox, clawbox, labels, readOnly });
  }

  get pathMappings() {
    return this.#paths.mappings;
  }

  resolvePath({ filePath, cwd }) {
    const { hostPath, relativePath, containerPath } = this.#paths.resolve(filePath, cwd);
    return { ...(hostPath === undefined ? {} : { hostPath }), relativePath, containerPath };
  }

  async readFile({ filePath, cwd, maxBytes, signal }) {
    if (maxBytes !== undefined && (!Number.isSafeInteger(maxBytes) || maxBytes < 0))
      throw new RangeError("maxBytes must be a non-negative safe integer");
    const limit = maxBytes === undefined ? [] : ["--limit", `${maxBytes}B`];
    try {
      const target = this.#paths.resolve(filePath, cwd);
      return (await this.#fs("read", target, "read files", { options: ["--one-name", ...limit], signal })).stdout;
    } catch (error) {
      throw error.code === "EFBIG" ? new RangeError(`File exceeds ${maxBytes} bytes`, { cause: error }) : error;
    }
  }

  async readDirectory({ filePath, cwd, signal }) {
    const { stdout } = await this.#fs("ls", this.#paths.resolve(filePath, cwd), "list directories", { signal });
    return JSON.parse(stdout.toString("utf8")).map(({ name, type }) => ({
      name: plainName(name),
      isDirectory: type === "directory",
    }));
  }

  async stat({ filePath, cwd, signal }) {
    try {
      const { stdout } = await this.#fs("stat", this.#paths.resolve(filePath, cwd), "stat files", { signal });
      const { type, size, modified_ms } = JSON.parse(stdout.toString("utf8"));
      return { type: type === "file" || type === "directory" ? type : "other", size, mtimeMs: modified_ms };
    } catch (error) {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return null;
      throw error;
    }
  }

  async writeFile(wish) {
    await this.#write(wish, "write files", []);
  }

  async createFileExclusive(wish) {
    try {
      await this.#write(wish, "create files", ["--exclusive"]);
      return "created";
    } catch (error) {
      if (error.code === "EEXIST") return "exists";
      throw error;
    }
  }

  async copyFile({ sourcePath, destinationPath, cwd, mkdir, pinnedPath, signal }) {
    this.#writable(destinationPath, cwd, "copy files");
    const data = await this.readFile({ filePath: sourcePath, cwd, signal });
    await this.#write({ filePath: destinationPath, cwd, data, mkdir, pinnedPath, signal }, "copy files", []);
  }

  async mkdirp({ filePath, cwd, pinnedPath, signal }) {
    refusePin(pinnedPath);
    const target = this.#writable(filePath, cwd, "create directories");
    if (target.containerPath === target.mount.containerPath) return; // OpenClaw asks for it before each file in there
    await this.#fs("mkdir", target, "create directories", { options: ["--parents"], signal });
  }

  async remove({ filePath, cwd, recursive, force, pinnedPath, signal }) {
    refusePin(pinnedPath);
    const target = this.#writable(filePath, cwd, "remove files", recursive ? "subtree" : "entry");
    const options = [...(recursive ? ["--recursive"] : []), ...(force ? ["--force"] : [])];
    await this.#fs("rm", target, "remove files", { options, signal });
  }

  async rename({ from, to, cwd, signal }) {
    const source = this.#writable(from, cwd, "rename files", "subtree");
    const target = this.#writable(to, cwd, "rename files", "subtree");
    if (source.mount !== target.mount)
      throw Object.assign(new Error(`Sandbox paths lie in two mounts; cannot rename files: ${from}, ${to}`), {
        code: "EXDEV",
      });
    await this.#fs("rename", source, "rename files", { options: ["--parents"], more: [target.containerPath], signal });
  }

  async #write({ filePath, cwd, data, encoding, mkdir, pinnedPath, signal }, action, options) {
    refusePin(pinnedPath);
    const target = this.#writable(filePath, cwd, action);
    await this.#fs("write", target, action, {
      options: ["--one-name", ...(mkdir === false ? [] : ["--parents"]), ...options],
      input: Buffer.isBuffer(data) ? data : Buffer.from(data, encoding ?? "utf8"),
      signal,
    });
  }

  #writable(filePath, cwd, action, extent = "entry") {
    const target = this.#paths.resolve(filePath, cwd);
    const below = extent === "subtree" ? this.#paths.below(target.containerPath) : { readOnly: [], tmpfs: [] };
    if (below.tmpfs.length > 0)
      throw new Error(
        `Sandbox subtree contains a container-only mount; cannot ${action}: ${target.containerPath}. Use exec to ` +
          "access this mount.",
      );
    if (this.readOnly || target.mount.readOnly || below.readOnly.length > 0)
      throw new Error(`Sandbox path is read-only; cannot ${action}: ${target.containerPath}`);
    return target;
  }

  async #fs(operation, { containerPath, mount }, action, { options = [], more = [], input, signal }) {
    const labels = Object.entries(this.labels()).flatMap(([name, value]) => ["--label", `${name}=${value}`]);
    const args = [
      ...["fs", "--json", `--beneath=${mount.containerPath}`, ...options, ...labels],
      ...[await this.sandbox.session(), operation, containerPath, ...more],
    ];
    const result = await this.clawbox.run(args, { input, signal, timeoutMs: TIMEOUT_MS });
    if (result.code === 0) return result;
    if (result.code !== 1 || isOwnFailure(result)) throw failure(["fs"], result);
    throw refusal(result.stderr.toString("utf8"), action, containerPath);
  }
}

/** OpenClaw asks for no pins of a bridge that offers none (resolvePinnedMutationTarget). */
function refusePin(pinnedPath) {
  if (pinnedPath !== undefined) throw new Error("the clawbox backend takes no pinned destinations");
}

function refusal(said, action, containerPath) {
  const { errno, error } = JSON.parse(said.trim().split("\n").at(-1));
  const text =
    errno === "EXDEV" || errno === "EMLINK"
      ? `Sandbox boundary checks failed; cannot ${action}: ${containerPath}: ${error}`
      : `${errno}: cannot ${action}: ${containerPath}: ${error}`;
  return Object.assign(new Error(text), { code: errno, path: containerPath });
}

/** Of a name that is no plain text, what clawbox shows of it. */
function plainName(name) {
  return typeof name === "string" ? name : name.escaped;
}
