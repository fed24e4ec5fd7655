import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { profileText } from "../../src/profile_text.js";
import { runtimeId } from "../../src/runtime_id.js";
import { configLabel, sandboxWish } from "../../src/wish.js";
import { factoryParams, temporaryDirectory } from "../support/temporary.js";

function wished(context, { settings = {}, skills = [], ...cfg } = {}) {
  const directory = temporaryDirectory(context);
  fs.mkdirSync(path.join(directory, "workspace"));
  return { directory, wish: sandboxWish(factoryParams(directory, cfg), settings, () => skills) };
}

test("a profile is plain TOML, whatever is in the strings", () => {
  const text = profileText({
    version: 1,
    left: undefined,
    table: { a: 'b"\\\n\u007f', list: [], entries: [{ path: "/x", at: "/y" }], on: true },
    empty: {},
  });
  assert.equal(
    text.split("\n").slice(1).join("\n"),
    String.raw`version = 1

[table]
a = "b\"\\\n\u007F"
list = []
entries = [
  { path = "/x", at = "/y" },
]
on = true
`,
  );
});

test("the profile starts from the configured one, with what the configuration adds", (context) => {
  const { wish } = wished(context, {
    settings: { profile: "strict", disk: "2GiB", audit: "syscall" },
    docker: { pidsLimit: 99 },
  });
  for (const line of [
    'extends = "strict"',
    'mode = "rw"',
    'at = "/workspace"',
    'disk = "2GiB"',
    'level = "syscall"',
    "processes = 99",
  ])
    assert.ok(wish.text.includes(`${line}\n`), line);
  assert.match(wish.label, /^strict@[0-9a-f]{8}$/);
});

test("the hash changes with every part of the configuration, and with nothing else", (context) => {
  const directory = temporaryDirectory(context);
  fs.mkdirSync(path.join(directory, "workspace"));
  const hash = (cfg, settings = {}) => sandboxWish(factoryParams(directory, cfg), settings, () => []).hash;
  const others = [
    hash({ docker: { env: { A: "1" } } }),
    hash({ docker: { setupCommand: "true" } }),
    hash({ docker: { cpus: 2 } }),
    hash({ workspaceAccess: "ro" }),
    hash({}, { profile: "coding" }),
  ];
  assert.equal(new Set([hash({}), ...others]).size, others.length + 1);
  assert.equal(hash({}), hash({ docker: { containerPrefix: "other-" } }));
});

test("the source of a bind must have no links when the session is made; other mounts may", (context) => {
  const directory = temporaryDirectory(context);
  fs.mkdirSync(path.join(directory, "workspace/data"), { recursive: true });
  const params = factoryParams(directory, { docker: { binds: [`${directory}/workspace/data:/data:ro`] } });
  const skills = [{ hostPath: path.join(directory, "workspace/skills"), containerPath: "/workspace/skills" }];
  const { text } = sandboxWish(params, {}, () => skills);
  assert.ok(text.includes(`{ path = "${directory}/workspace/data", at = "/data", no_links = true }`), text);
  assert.ok(text.includes(`{ path = "${directory}/workspace/skills", at = "/workspace/skills" }`), text);
});

test("all that cannot be done is one error that names each key", (context) =>
  assert.throws(
    () => wished(context, { docker: { gpus: "all", binds: ["/etc:/data"], network: "bridge" } }),
    /docker\.network: .*\n- sandbox\.docker\.gpus: .*\n- sandbox\.docker\.binds: /,
  ));

test("without a list nothing is reached, and a list reaches the profile as it is", (context) => {
  assert.match(wished(context).wish.text, /\[network\]\nmode = "none"\n/);
  const network = {
    allow: ["git.example.org", { host: "*.example.org", ports: [443, "8000-8010"], reason: "the mirror" }, { preset: "npm" }],
    publish: ["127.0.0.1:8080:3000"],
    hostPorts: [5432],
    bytes: "2GiB",
  };
  assert.ok(
    wished(context, { settings: { network } }).wish.text.includes(`[network]
mode = "allowlist"
allow = [
  "git.example.org",
  { host = "*.example.org", ports = [443, "8000-8010"], reason = "the mirror" },
  { preset = "npm" },
]
publish = [
  "127.0.0.1:8080:3000",
]
host_ports = [
  5432,
]
bytes = "2GiB"
`),
  );
});

test("an agent's own list stands for that of all, also where it is empty", (context) => {
  const all = { allow: ["a.test"] };
  const text = (agents) => wished(context, { settings: { network: all, agents } }).wish.text;
  assert.match(text({ other: { network: { allow: ["b.test"] } } }), /allow = \[\n {2}"a\.test",\n\]/);
  assert.match(text({ main: { network: { allow: ["b.test"] } } }), /allow = \[\n {2}"b\.test",\n\]/);
  assert.match(text({ main: { network: {} } }), /mode = "allowlist"\nallow = \[\]/);
});

test("a network of docker's is refused, with where hosts are named instead", (context) =>
  assert.throws(
    () => wished(context, { settings: { network: { allow: ["a.test"] } }, docker: { network: "bridge" } }),
    /docker\.network: "bridge" is not available.*plugins\.entries\.clawbox\.config\.network\.allow/,
  ));

test("a label tells the profile by its name", () =>
  assert.match(configLabel("/srv/profiles/mine.toml", "x"), /^mine@[0-9a-f]{8}$/));

const id = (scopeKey, prefix = "openclaw-sbx-", stateDir = "/s") => runtimeId({ prefix, scopeKey, stateDir });

test("a runtime id is stable, readable, short, and of plain characters", () => {
  const scope = "agent:Main:Telegram:Ünï ../x:workspace:0123456789abcdef0123456789abcdef";
  assert.equal(id(scope), id(scope));
  for (const one of [
    id(scope),
    id("shared"),
    id("x".repeat(500)),
    id(":"),
    id("a", ""),
    id("a", "--"),
    id("a", "ü".repeat(90)),
  ])
    assert.match(one, /^[a-z0-9_][a-z0-9_.-]{0,62}$/);
  assert.match(id(scope), /^openclaw-sbx-agent-main-telegram/);
});

test("scopes, workspaces, prefixes and gateways do not share one", () => {
  const all = [
    id("shared"),
    id("agent:a"),
    id("agent:a:workspace:0123456789abcdef0123456789abcdef"),
    id("agent:A"),
    id("shared", "p"),
    id("shared", undefined, "/t"),
  ];
  assert.equal(new Set(all).size, all.length);
});

test("the plugin's key overlay makes writable workspaces overlays, and leaves read-only ones", (context) => {
  const directory = temporaryDirectory(context);
  fs.mkdirSync(path.join(directory, "workspace"));
  const wished = (cfg, settings) => sandboxWish(factoryParams(directory, cfg), settings, () => []);
  assert.match(wished({}, { overlay: true }).text, /mode = "overlay"/);
  assert.equal(wished({}, { overlay: true }).overlay, true);
  assert.match(wished({}, {}).text, /mode = "rw"/);
  const readOnly = wished({ workspaceAccess: "ro" }, { overlay: true });
  assert.match(readOnly.text, /mode = "ro"/);
  assert.equal(readOnly.overlay, false);
});
