// `openclaw clawbox …`: what ran in the sandboxes, from clawbox's own records.
import { spawn } from "node:child_process";
import { RUNTIME_LABEL } from "./sandbox.js";

/** For api.registerCli. */
export function addCommands(program, { clawbox }) {
  const verbs = program.command("clawbox").description("Show what ran in the sandboxes of the clawbox backend");
  verbs
    .command("log [sandboxes...]")
    .description(
      "The audit trail of sandboxes, by the names of `openclaw sandbox list`; options of `clawbox log` follow --",
    )
    .allowUnknownOption()
    .action(async (words) => shown(clawbox, ["log", ...(await withIds(clawbox, words))]));
  verbs
    .command("doctor")
    .description("Try what clawbox needs of this machine")
    .action(() => shown(clawbox, ["doctor"]));
}

/** Names become the ids of all sessions that ever had them and are still known; options stay. */
async function withIds(clawbox, words) {
  const ids = await Promise.all(
    words.map(async (word) => {
      if (word.startsWith("-")) return [word];
      const sessions = await clawbox.sessions(`${RUNTIME_LABEL}=${word}`);
      return sessions.length > 0 ? sessions.map((session) => session.id) : [word];
    }),
  );
  return ids.flat();
}

function shown(clawbox, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(clawbox.program(), args, { env: clawbox.environment, stdio: "inherit" });
    child.on("error", reject);
    child.on("close", (code) => {
      process.exitCode = code ?? 1;
      resolve();
    });
  });
}
