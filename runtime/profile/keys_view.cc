#include "profile/key_tables.h"

namespace clawbox::profile {
namespace {

using P = Profile;

constexpr std::string_view kWorkspaceModes[] = {"none", "ro", "rw", "overlay"};
constexpr std::string_view kProcViews[] = {"masked", "pids"};
constexpr std::string_view kSamePlace[] = {"same"};
constexpr std::string_view kHostRoot[] = {"host"};

constexpr Key kKeys[] = {
    {"version", Kind::kVersion, {}, "version = 1", "The version of the profile language; required, and always 1."},
    {"extends",
     Kind::kParents,
     {},
     "extends = \"base\"",
     "The profile, or a list of profiles, to start from; of several the later wins."},
    {"description", Kind::kText, top_field<&P::description>, "description = \"Edit and build one repository\"",
     "One line for `profile list`."},

    {"workspace.mode",
     Kind::kChoice,
     choice<&P::workspace, &P::Workspace::mode>,
     "mode = \"rw\"",
     "How the workspace is seen: not at all, read-only, writable, or as a layer that is reviewed later.",
     {},
     kWorkspaceModes},
    {"workspace.at",
     Kind::kPlace,
     field<&P::workspace, &P::Workspace::at>,
     "at = \"/workspace\"",
     "Where the workspace is inside: `same` as on the host, or an absolute path.",
     {},
     kSamePlace},

    {"files.root",
     Kind::kPlace,
     field<&P::files, &P::Files::root>,
     "root = \"/srv/rootfs/debian\"",
     "What the view is made of: the `host`, or a directory that holds a root file system.",
     {},
     kHostRoot},
    {"files.read", Kind::kPaths, field<&P::files, &P::Files::read>, "read = [\"/usr\", \"/opt?\"]",
     "What can be read and executed."},
    {"files.write", Kind::kPaths, field<&P::files, &P::Files::write>,
     "write = [{ path = \"~/.cache/ccache?\", reason = \"compiler cache\" }]",
     "What can also be written, on the host."},
    {"files.hide", Kind::kPaths, field<&P::files, &P::Files::hide>, "hide = [\"/etc/ssh/ssh_host_*_key?\"]",
     "What is covered although a directory around it can be read; beats `read` and `write`."},
    {"files.tmpfs", Kind::kPaths, field<&P::files, &P::Files::tmpfs>, "tmpfs = [\"/tmp\", \"/run\"]",
     "Empty, private, writable directories that are gone at the end."},
    {"files.protect", Kind::kPatterns, field<&P::files, &P::Files::protect>, "protect = [\".git/hooks\", \".vscode\"]",
     "What stays read-only in a writable workspace, at its top and at the top of every repository in it."},
    {"files.proc",
     Kind::kChoice,
     choice<&P::files, &P::Files::proc>,
     "proc = \"pids\"",
     "What /proc shows: the usual files with the dangerous ones covered, or processes only.",
     {},
     kProcViews},
    {"files.sysfs", Kind::kBool, field<&P::files, &P::Files::sysfs>, "sysfs = true",
     "Whether there is a read-only /sys; GPU libraries need one."},
};

}  // namespace

std::span<const Key> view_keys() { return kKeys; }

}  // namespace clawbox::profile
