// The container that a gateway may itself run in. OpenClaw asks docker about it, to learn where its own directories lie on
// docker's host. Sessions of clawbox are made beside the gateway: what it sees is what they can show.
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import { UsageError } from "./options.js";

/** What OpenClaw compares with its own: who prints it shares the gateway's kernel and mount namespace. */
function identity() {
  const boot = fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return JSON.stringify([boot, fs.readlinkSync("/proc/self/ns/mnt")]);
}

const id = () => createHash("sha256").update(identity()).digest("hex");

export function isGateway(name) {
  return name === os.hostname() || name === id();
}

export function gatewayFacts() {
  return {
    Id: id(),
    Mounts: [{ Type: "bind", Source: "/", Destination: "/", RW: true }],
    HostConfig: { Tmpfs: {} },
  };
}

/** The one question that OpenClaw has executed there; nothing is, for it would not be in a sandbox. */
export function gatewayAnswer(command) {
  if (command.length !== 3 || command[1] !== "-e" || !command[2].includes("/proc/self/ns/mnt"))
    throw new UsageError("exec: in the gateway's own container nothing is executed by clawbox");
  return identity();
}
