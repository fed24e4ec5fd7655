// plugins.entries.clawbox.config.network as the [network] table of a profile. What clawbox itself would refuse, it
// refuses with the line of the profile; here is only told what a key of OpenClaw means.

/** One agent's own table, else that of all; undefined where neither is there. `settings` are the plugin's. */
export function networkSettings(settings, scopeKey) {
  const agent = /^agent:([^:]+)/.exec(scopeKey)?.[1];
  const own = agent !== undefined && Object.hasOwn(settings.agents ?? {}, agent) ? settings.agents[agent] : {};
  return own.network ?? settings.network;
}

/** The [network] table; `settings` are of networkSettings(). Without any, nothing is reached. */
export function networkTable(settings) {
  if (settings === undefined) return { mode: "none" };
  return {
    mode: "allowlist",
    allow: settings.allow ?? [],
    publish: settings.publish,
    host_ports: settings.hostPorts,
    bytes: settings.bytes,
    connections: settings.connections,
  };
}
