import assert from "node:assert/strict";
import test from "node:test";
import { allowAll, requireApproval } from "../../src/approvals.js";
import { Commands } from "../../src/exec.js";

const request = { command: "make", workdir: "/workspace" };

test("today every command is allowed", () => requireApproval(allowAll, request));

test("a no, no verdict and an error are all a no", async () => {
  await assert.rejects(
    requireApproval(async () => ({ allowed: false, reason: "not on a Sunday" }), request),
    /was not run: not on a Sunday/,
  );
  await assert.rejects(
    requireApproval(async () => undefined, request),
    /not approved/,
  );
  await assert.rejects(
    requireApproval(async () => {
      throw new Error("nobody is there");
    }, request),
    /nobody is there/,
  );
});

test("a command that is not approved writes no file, asks for no session, and its request says who asks", async () => {
  const asked = [];
  const commands = new Commands(
    { wish: { workdir: "/workspace" }, runtimeId: "rid", session: () => assert.fail("a session was asked for") },
    {
      state: { writeVariables: () => assert.fail("variables were written") },
      labels: () => ({ "openclaw.session": "agent:main:main", "openclaw.run": "r1" }),
      approve: async (what) => (asked.push(what), { allowed: false }),
    },
  );
  await assert.rejects(commands.spec({ command: "make", env: { SECRET: "s" } }), /not approved/);
  assert.deepEqual(asked, [
    { command: "make", workdir: "/workspace", sessionKey: "agent:main:main", runId: "r1", runtimeId: "rid" },
  ]);
});
