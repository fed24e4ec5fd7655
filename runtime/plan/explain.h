// clang-format off: the table below is laid out by hand.
// A Plan for people and for programs: the very values that run, each with its origin and reason.
//
// Text: grouped, one value a line, "value  (file:line: reason)"; every byte that came from outside is escaped.
//
// JSON: one object; fields are only ever added. `origin` is "file:line" or a word such as "default", "host".
//   format        1
//   profile       { name, description, sources[] }
//   command       { argv[], directory, environment[{ name, value, why, origin }] }
//   workspace     { mode: none|ro|rw, host, inside, protect[], origin }
//   mounts[]      { step, target, origin, reason, … } in the order in which they are carried out; step is one of
//                 bind { source, access: ro|rw, mapped }, tmpfs { size, inodes, mode }, proc { only_processes }, sysfs,
//                 devices { nodes[], shm_size }, file { content }, symlink { points_to }, cover, lock, pin;
//                 cover and lock: may_be_absent
//   identity      { uid, gid, user, home, hostname, uid_map[], gid_map[] { inside, host, count },
//                 writer: self|helper|root, groups: dropped|kept, file_owner, file_group, nested_user_namespaces,
//                 time_namespace, origins { as_root, ids, home, hostname, nested_user_namespaces } }
//   network       { mode: none|allowlist|host, origin }; with allowlist also
//                 rules[] { target, ports[] { first, last }, udp, speaks, preset, reason, origin },
//                 presets[] { name, sources[] { host, origin }, origin }, ech: refuse|allow,
//                 publish[] { address, port, inside, origin }, host_ports[] { port, origin },
//                 names { length, count, per_minute }, bytes, connections, total_connections { value, origin },
//                 upstream { host, port, no_proxy[], variable }, synthetic[], steering: tproxy|anyip
//   syscalls      { allow[], refuse[], noted[] { call, tests[] { index, mask, equals }, error, reason, origin } };
//                 error: refuse only
//   landlock      { fence: on|off, writable[] }
//   limits        { rlimits[] { name, value, why, origin }, time_ms, cpu_time_ms { value, origin },
//                 group { maker: none|direct|delegated, directory, controllers[], caps[] { name, file, value, origin },
//                 origin } }
//   audit         { required, level: session|exec|syscall, environment_names, journal, sync: none|end|each, rotate,
//                 keep_ms, keep_size, origin }
//   shortfalls[]  { what, why, remedy, origin }
//   absent[]      { what, why, origin }
//   notes[]       { what, why, origin }
// clang-format on
// Strings that are not UTF-8 have each wrong byte replaced by U+FFFD.
#pragma once

#include <string>

#include "base/json.h"
#include "plan/plan.h"

namespace clawbox::plan {

std::string explained(const Plan& plan);
Json explained_as_json(const Plan& plan);

/// `why` of the variables that somebody wrote. The others follow from where clawbox was called.
inline constexpr const char* kWhySet = "environment.set";
inline constexpr const char* kWhyAsked = "--env";

/// The JSON as text with a final newline: never throws for names that are not UTF-8.
std::string json_text(const Json& json);

/// "EPERM", "kill".
std::string error_name(int number);
/// "exec"
const char* level_name(Audit::Level level);
/// "none", "allowlist", "host"
const char* network_mode_name(Network::Mode mode);
/// "backing", "hard", "passed_over": [{"backing", "why"}]
Json store_json(const Storage& storage);
const char* backing_name(Storage::Backing backing);
std::string hardness_text(Storage::Backing backing);  // for people

}  // namespace clawbox::plan
