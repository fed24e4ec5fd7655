// The name of a sandbox: one for each scope of each OpenClaw, the same after every restart.
import { createHash } from "node:crypto";

const LONGEST = 63;

export const sha256 = (text) => createHash("sha256").update(text).digest("hex");

/** `prefix` is sandbox.docker.containerPrefix. Two gateways with different state directories never share a sandbox. */
export function runtimeId({ prefix, scopeKey, stateDir }) {
  const identity = sha256(`${stateDir}\0${prefix}\0${scopeKey}`).slice(0, 16);
  const words = scopeKey.replace(/:workspace:[0-9a-f]{32}$/i, "");
  const readable = plain(`${prefix}${words}`)
    .slice(0, LONGEST - identity.length - 1)
    .replace(/[-.]+$/, "");
  return `${readable}-${identity}`;
}

function plain(text) {
  return (
    text
      .toLowerCase()
      .replace(/[^a-z0-9_.-]+/g, "-")
      .replace(/^[-.]+/, "") || "openclaw"
  );
}
