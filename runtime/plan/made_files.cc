#include "base/error.h"
#include "plan/paths.h"
#include "plan/seen.h"
#include "plan/view_parts.h"

namespace clawbox::plan {
namespace {

std::string passwd(const Identity& identity, const std::string& shell) {
  std::string text;
  const auto line = [&](const std::string& name, uint32_t uid, uint32_t gid, const std::string& home,
                        const std::string& program) {
    text += fmt::format("{}:x:{}:{}:{}:{}:{}\n", name, uid, gid, name, home, program);
  };
  line("root", 0, 0, identity.uid == 0 ? identity.home : "/root", shell);
  if (identity.uid != 0) line(identity.user, identity.uid, identity.gid, identity.home, shell);
  line("nobody", 65534, 65534, "/nonexistent", "/usr/sbin/nologin");
  return text;
}

std::string group(const Identity& identity) {
  std::string text = "root:x:0:\n";
  if (identity.gid != 0) text += fmt::format("{}:x:{}:\n", identity.user, identity.gid);
  return text + "nogroup:x:65534:\n";
}

std::string hosts(const std::string& hostname) {
  return fmt::format("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t{}\n", hostname);
}

// /etc/resolv.conf is often a link into /run: the place to fill is where the link leads inside.
std::string end_of_links(const FileView& files, const std::string& root, std::string path) {
  for (int links = 0; links < 40; ++links) {
    const std::string host_path = fmt::format("{}{}", root, path);
    if (files.look(host_path).kind != FileKind::kSymlink) return path;
    path = normal_path(files.link_text(host_path), parent_of(path));
  }
  return "";
}

// A mount point cannot be made in a directory of the host, and a file of it is covered only if it is there.
bool can_be_placed(const FileView& files, const std::vector<MountStep>& shown, const std::string& place) {
  const Seen there = seen(shown, place);
  if (there.content != Seen::Content::kHost)
    return there.by == nullptr || std::holds_alternative<Tmpfs>(there.by->action);
  const FileKind kind = files.look(there.host_path).kind;
  return kind == FileKind::kFile ||
         kind == FileKind::kUnreachable;  // in doubt the set-up fails; the host's is not shown
}

struct MadeFile {
  const char* path;
  std::string content;
  Origin origin;
  const char* reason;
};

std::vector<MadeFile> wanted(const ViewContext& context) {
  const auto& profile = context.inputs.profile;
  const Identity& identity = context.identity;
  std::vector<MadeFile> files{
      {"/etc/passwd", passwd(identity, "/bin/sh"), profile.identity.as_root.origin, "no account of the host"},
      {"/etc/group", group(identity), profile.identity.as_root.origin, "no group of the host"},
      {"/etc/hosts", hosts(identity.hostname), profile.identity.hostname.origin, "no name of the host's network"},
      {"/etc/hostname", identity.hostname + '\n', profile.identity.hostname.origin, "the session's own name"}};
  if (profile.network.mode.value == profile::NetworkMode::kNone)
    files.push_back({"/etc/resolv.conf", "# clawbox: network.mode is \"none\", so there are no name servers\n",
                     profile.network.mode.origin, "no name servers without a network"});
  if (profile.network.mode.value == profile::NetworkMode::kAllowlist) {
    files.push_back({"/etc/resolv.conf", "nameserver 198.18.0.1\noptions edns0\n", profile.network.mode.origin,
                     "the session's own name server"});
    // What else the host asks (systemd's resolver, mDNS, a cache) would go past the name server.
    files.push_back({"/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n",
                     profile.network.mode.origin, "names by files and DNS only"});
  }
  return files;
}

void show_host_resolver(const ViewContext& context, const std::vector<MountStep>& shown,
                        Chosen<std::vector<MountStep>>& chosen) {
  const auto real = context.inputs.files.real_path("/etc/resolv.conf");
  if (!real) return;
  const std::string place = end_of_links(context.inputs.files, context.other_root, "/etc/resolv.conf");
  const Seen there = seen(shown, place);
  if (there.content == Seen::Content::kHost && there.host_path == *real) return;
  chosen.value.push_back({Bind{*real, place, Access::kReadOnly, Ownership::kAsOnHost},
                          context.inputs.profile.network.mode.origin,
                          "the host's name servers with the host's network"});
}

}  // namespace

Chosen<std::vector<MountStep>> made_files(const ViewContext& context, const std::vector<MountStep>& shown) {
  Chosen<std::vector<MountStep>> chosen;
  for (MadeFile& file : wanted(context)) {
    const std::string place = end_of_links(context.inputs.files, context.other_root, file.path);
    if (!place.empty() && can_be_placed(context.inputs.files, shown, place)) {
      chosen.value.push_back({File{place, std::move(file.content)}, file.origin, file.reason});
      continue;
    }
    chosen.absent.push_back({file.path, "there is no such file to put the session's own over", file.origin});
  }
  if (context.inputs.profile.network.mode.value == profile::NetworkMode::kHost)
    show_host_resolver(context, shown, chosen);
  return chosen;
}

}  // namespace clawbox::plan
