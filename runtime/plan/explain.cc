#include "plan/explain.h"

#include <fmt/format.h>
#include <array>

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "plan/explain_network.h"
#include "plan/seen.h"

namespace clawbox::plan {
namespace {

// Collects lines; each value is escaped here, so that no caller can forget it.
class Page {
 public:
  void heading(std::string_view title) { text_ += fmt::format("\n{}\n", title); }
  void plain(std::string_view line) { text_ += fmt::format("  {}\n", line); }
  void value(std::string_view word, const std::string& value, const Origin& origin, const std::string& why) {
    std::string line = fmt::format("  {:<11} {}", word, value);
    constexpr std::size_t kWhyColumn = 60;
    line.resize(std::max(line.size() + 2, kWhyColumn), ' ');
    line += fmt::format("({}{}{})", escaped(to_string(origin)), why.empty() ? "" : ": ", escaped(why));
    text_ += line + '\n';
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

struct StepText {
  const char* word;
  std::string what;
};

struct StepWriter {
  StepText operator()(const Bind& bind) const {
    std::string what = escaped(bind.target);
    if (bind.source != bind.target) what += " from " + escaped(bind.source);
    if (bind.ownership == Ownership::kMapped) what += " [owner mapped]";
    if (bind.access == Access::kCopyOnWrite) return {"overlay", what};
    return {bind.access == Access::kReadWrite ? "writable" : "read-only", what};
  }
  StepText operator()(const Tmpfs& tmpfs) const {
    return {"tmpfs", fmt::format("{} {}, {} files, mode {:04o}", escaped(tmpfs.target), size_text(tmpfs.size),
                                 tmpfs.inodes, tmpfs.mode)};
  }
  StepText operator()(const Proc& proc) const {
    return {"proc", escaped(proc.target) + (proc.only_processes ? " (processes only)" : "")};
  }
  StepText operator()(const Sysfs& sysfs) const { return {"sysfs", escaped(sysfs.target)}; }
  StepText operator()(const Devices& devices) const {
    return {"devices", fmt::format("{} {}; shm {}", escaped(devices.target), escaped(joined(devices.nodes, " ")),
                                   size_text(devices.shm_size))};
  }
  StepText operator()(const File& file) const {
    return {"made", fmt::format("{} ({} bytes)", escaped(file.target), file.content.size())};
  }
  StepText operator()(const Symlink& link) const {
    return {"link", escaped(link.target) + " -> " + escaped(link.points_to)};
  }
  StepText operator()(const Cover& cover) const { return {"covered", escaped(cover.target)}; }
  StepText operator()(const Lock& lock) const { return {"locked", escaped(lock.target)}; }
  StepText operator()(const Pin& pin) const { return {"pinned", escaped(pin.target)}; }
};

Note note_about(const Plan& plan, const std::string& what) {
  const auto found =
      std::find_if(plan.notes.begin(), plan.notes.end(), [&](const Note& note) { return note.what == what; });
  return found == plan.notes.end() ? Note{} : *found;
}

std::string audit_text(const Audit& audit) {
  std::string text = level_name(audit.level);
  if (audit.required) text += ", required";
  if (audit.environment_names) text += ", names of variables";
  if (audit.journal) text += ", copied to the journal";
  if (audit.sync != Audit::Sync::kNone)
    text += audit.sync == Audit::Sync::kEach ? ", each synced" : ", synced at the end";
  return fmt::format("{}; kept {} and {} in all ({})", text, duration_text(audit.keep), size_text(audit.keep_size),
                     to_string(audit.origin));
}

void write_command(const Plan& plan, Page& page) {
  page.plain("profile     " + escaped(plan.profile.name) +
             (plan.profile.description.empty() ? "" : ": " + escaped(plan.profile.description)));
  for (const std::string& source : plan.profile.sources) page.plain("  from      " + escaped(source));
  page.plain("command     " + shell_quoted(plan.command.argv));
  page.plain("directory   " + escaped(plan.command.directory));
  page.plain("audit       " + audit_text(plan.audit));
}

void write_shortfalls(const Plan& plan, Page& page) {
  if (plan.shortfalls.empty()) return;
  page.heading("NOT AS WISHED");
  for (const Shortfall& shortfall : plan.shortfalls) {
    page.plain(fmt::format("! {} ({})", escaped(shortfall.what), escaped(to_string(shortfall.origin))));
    page.plain("    " + escaped(shortfall.why));
    if (!shortfall.remedy.empty()) page.plain("    remedy: " + escaped(shortfall.remedy));
  }
}

void write_files(const Plan& plan, Page& page) {
  page.heading("FILES, in the order in which they are mounted; a later line covers an earlier one");
  for (const MountStep& step : plan.mounts) {
    const StepText text = std::visit(StepWriter{}, step.action);
    page.value(text.word, text.what, step.origin, step.reason);
  }
  if (plan.absent.empty()) return;
  page.heading("NOT SHOWN");
  for (const Note& absent : plan.absent) page.value("absent", escaped(absent.what), absent.origin, absent.why);
}

std::string map_text(const std::vector<IdRange>& map) {
  std::vector<std::string> parts;
  parts.reserve(map.size());
  for (const IdRange& range : map) {
    parts.push_back(range.count == 1
                        ? fmt::format("{} = {} on the host", range.inside, range.host)
                        : fmt::format("{}-{} = {}-{} on the host", range.inside, range.inside + range.count - 1,
                                      range.host, range.host + range.count - 1));
  }
  return joined(parts, "; ");
}

void write_identity(const Plan& plan, Page& page) {
  const Identity& identity = plan.identity;
  page.heading("IDENTITY");
  const auto value = [&](std::string_view word, const std::string& text, const std::string& key) {
    const Note note = note_about(plan, "identity " + key);
    page.value(word, text, note.origin, note.why == text ? "" : note.why);
  };
  value("user", fmt::format("{} (uid {}, gid {})", escaped(identity.user), identity.uid, identity.gid), "as_root");
  value("users", map_text(identity.uid_map), "ids");
  value("groups",
        map_text(identity.gid_map) +
            (identity.groups == Identity::Groups::kDropped ? "; supplementary ones dropped" : ""),
        "ids");
  value("home", escaped(identity.home), "home");
  value("host name", escaped(identity.hostname), "hostname");
  value("nested", identity.nested_user_namespaces ? "user namespaces" : "no user namespaces", "nested_user_namespaces");
  page.plain(fmt::format("namespaces  user mount pid ipc uts cgroup{}{}",
                         plan.network.mode != Network::Mode::kHost ? " network" : "",
                         identity.time_namespace ? " time" : ""));
  page.value("network", network_words(plan.network.mode), plan.network.origin, "");
}

void write_network(const Plan& plan, Page& page) {
  if (!plan.network.allowlist) return;
  page.heading("NETWORK, nothing else can be reached");
  for (const NetworkLine& line : network_lines(*plan.network.allowlist))
    page.value(line.word, escaped(line.value), line.origin, line.why);
}

void write_environment(const Plan& plan, Page& page) {
  page.heading("ENVIRONMENT, nothing else is passed");
  for (const auto& [name, value] : plan.command.environment) {
    const Note note = note_about(plan, "environment " + name);
    page.value("", escaped(name) + "=" + escaped(value), note.origin, note.why);
  }
}

const char* maker_text(ControlGroup::Maker maker) {
  return maker == ControlGroup::Maker::kDelegated ? "a scope of the caller's systemd" : "a group in ";
}

void write_group(const ControlGroup& group, Page& page) {
  if (group.maker == ControlGroup::Maker::kNone) return;
  const bool direct = group.maker == ControlGroup::Maker::kDirect;
  page.value("group", maker_text(group.maker) + (direct ? escaped(group.directory) : ""), group.origin,
             "holds what follows for all processes together");
  for (const GroupCap& cap : group.caps)
    page.value(cap.name, cap.shown, cap.origin, fmt::format("{} = {}", cap.file, cap.value));
}

void write_storage(const Storage& storage, Page& page) {
  const std::string files = storage.files != 0 ? fmt::format(", {} files", storage.files) : "";
  page.value("disk", size_text(storage.bytes) + files, storage.origin, "of all that is written to the workspace");
  std::vector<std::string> why;
  for (const Storage::PassedOver& one : storage.passed_over)
    why.push_back(fmt::format("not {}: {}", backing_name(one.backing), one.why));
  page.value("store", fmt::format("{}, {}", backing_name(storage.backing), hardness_text(storage.backing)),
             storage.chosen_by, joined(why, "; "));
}

void write_limits(const Plan& plan, Page& page) {
  page.heading("LIMITS");
  if (plan.limits.time)
    page.value("time", duration_text(plan.limits.time->value), plan.limits.time->origin, "wall clock of the session");
  if (plan.limits.cpu_time)
    page.value("cpu time", duration_text(plan.limits.cpu_time->value), plan.limits.cpu_time->origin,
               "all processes together");
  if (plan.limits.reserve)
    page.value("reserve", size_text(plan.limits.reserve->value), plan.limits.reserve->origin,
               "stays free where the session can write to the host; else it stands still");
  if (plan.storage) write_storage(*plan.storage, page);
  write_group(plan.limits.group, page);
  for (const Rlimit& limit : plan.limits.rlimits)
    page.value(limit.name, std::to_string(limit.value), limit.origin, note_about(plan, "limit " + limit.name).why);
}

std::string rule_text(const SyscallRule& rule) {
  std::string text = escaped(rule.call);
  for (const ArgumentTest& test : rule.tests)
    text += fmt::format(" [argument {} & {:#x} = {:#x}]", test.index, test.mask, test.equals);
  return text;
}

void write_syscalls(const Plan& plan, Page& page) {
  page.heading("SYSTEM CALLS, a refusal beats an allowance; what is not named answers ENOSYS");
  for (const SyscallRule& rule : plan.syscalls.allow) page.value("allow", rule_text(rule), rule.origin, rule.reason);
  for (const SyscallRule& rule : plan.syscalls.refuse)
    page.value("refuse", rule_text(rule) + " -> " + error_name(rule.error), rule.origin, rule.reason);
  for (const SyscallRule& rule : plan.syscalls.noted) page.value("record", rule_text(rule), rule.origin, rule.reason);
  const Note note = note_about(plan, "landlock");
  const bool on = plan.landlock.fence == Landlock::Fence::kOn;
  page.value("landlock", on ? "on; writable: " + escaped(joined(plan.landlock.writable, " ")) : "off", note.origin,
             note.why);
}

}  // namespace

const char* level_name(Audit::Level level) {
  static constexpr std::array<const char*, 3> kNames{"session", "exec", "syscall"};
  return kNames.at(static_cast<std::size_t>(level));
}

const char* backing_name(Storage::Backing backing) { return Storage::kNames.at(static_cast<std::size_t>(backing)); }

std::string hardness_text(Storage::Backing backing) {
  if (backing == Storage::Backing::kWatch) return "soft: looked at every 10ms to 1s, and ended when over it";
  const bool stays = backing != Storage::Backing::kTmpfs;
  return fmt::format("hard: bytes and files{}", stays ? "" : "; gone at the end");
}

std::string explained(const Plan& plan) {
  Page page;
  write_command(plan, page);
  write_shortfalls(plan, page);
  write_files(plan, page);
  write_identity(plan, page);
  write_network(plan, page);
  write_environment(plan, page);
  write_limits(plan, page);
  write_syscalls(plan, page);
  return page.take();
}

}  // namespace clawbox::plan
