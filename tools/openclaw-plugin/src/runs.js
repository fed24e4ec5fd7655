// Which run of OpenClaw a session key is at, so that records of clawbox line up with OpenClaw's transcript.

const MOST_KNOWN = 1000;

export class Runs {
  #runs = new Map();

  /** For the hook before_tool_call. */
  note({ sessionKey, runId }) {
    if (!sessionKey || !runId) return;
    this.#runs.delete(sessionKey);
    this.#runs.set(sessionKey, runId);
    if (this.#runs.size > MOST_KNOWN) this.#runs.delete(this.#runs.keys().next().value);
  }

  labels(sessionKey) {
    const runId = this.#runs.get(sessionKey);
    return runId ? { "openclaw.run": runId } : {};
  }
}
