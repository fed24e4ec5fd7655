// Containers as docker knows them: what was wished of each in a file, and a session of clawbox while it runs.
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { otherSources } from "../mounts.js";
import { makePlaces, removePlaces } from "../places.js";
import { State } from "../state.js";

const LABEL = "clawbox.docker";

export class NoSuchContainer extends Error {
  constructor(name) {
    super(`Error response from daemon: No such container: ${name}`);
  }
}

export class Containers {
  constructor(directory, clawbox) {
    this.state = new State(directory);
    this.clawbox = clawbox;
  }

  create(wish) {
    if (this.#named(wish.name))
      throw new Error(`Conflict. The container name "/${wish.name}" is already in use. Remove it first.`);
    this.state.requireHidden(wish.mounts);
    const container = { ...wish, id: randomBytes(32).toString("hex"), createdMs: Date.now() };
    this.state.writeProfile(wish.name, wish.text);
    this.state.writeNote(wish.name, { container });
    return container;
  }

  /** By name, id, or the begin of an id; undefined where there is none, or more than one. */
  known(word) {
    const named = this.#named(word);
    if (named) return named;
    const alike = this.#all().filter((container) => word.length >= 6 && container.id.startsWith(word));
    return alike.length === 1 ? alike[0] : undefined;
  }

  found(word) {
    const container = this.known(word);
    if (!container) throw new NoSuchContainer(word);
    return container;
  }

  async session(container) {
    const [latest] = await this.clawbox.sessions(`${LABEL}=${container.id}`);
    return latest;
  }

  async isRunning(container) {
    return ["running", "frozen"].includes((await this.session(container))?.state);
  }

  async start(container) {
    if (await this.isRunning(container)) return;
    const stale = await this.session(container);
    if (stale) await this.clawbox.remove(stale.id);
    const places = makePlaces(container.mounts);
    const note = this.state.note(container.name);
    this.state.writeNote(container.name, { ...note, places: [...(note.places ?? []), ...places] });
    const labels = Object.entries(container.labels).flatMap(([name, value]) => ["--label", `${name}=${value}`]);
    await this.clawbox.call(
      [
        ...["create", "--quiet", "--name", container.name, "--profile", this.state.profilePath(container.name)],
        ...["--workspace", container.mounts[0].hostPath, "--workdir", container.workdir],
        ...["--label", `${LABEL}=${container.id}`, ...labels],
      ],
      { timeoutMs: 60_000 },
    );
    await this.#requireMounts(container);
  }

  /** A session that shows another place than `create` was told of is none. */
  async #requireMounts({ name, mounts }) {
    const { stdout } = await this.clawbox.call(["inspect", name], { timeoutMs: 10_000 });
    const others = otherSources(mounts, JSON.parse(stdout.toString("utf8")).plan);
    if (others.length === 0) return;
    await this.clawbox.remove(name);
    throw new Error(`start: ${others.join("; ")}`);
  }

  async remove(container) {
    const sessions = await this.clawbox.sessions(`${LABEL}=${container.id}`);
    for (const session of sessions) await this.clawbox.remove(session.id);
    removePlaces(this.state.note(container.name).places ?? []);
    this.state.forget(container.name);
  }

  #named(name) {
    if (!/^[\w.-]+$/.test(name)) return undefined;
    return this.state.note(name).container;
  }

  #all() {
    const { directory } = this.state;
    const names = fs.existsSync(directory) ? fs.readdirSync(directory).filter((name) => name.endsWith(".json")) : [];
    return names.map((name) => this.#named(name.slice(0, -5))).filter(Boolean);
  }
}
