#include "profile/key_tables.h"

namespace clawbox::profile {
namespace {

using P = Profile;

constexpr std::string_view kFences[] = {"auto", "required", "off"};
constexpr std::string_view kAuditLevels[] = {"session", "exec", "syscall"};
constexpr std::string_view kAuditSyncs[] = {"none", "end", "each"};

constexpr Key kKeys[] = {
    {"identity.as_root", Kind::kBool, field<&P::identity, &P::Identity::as_root>, "as_root = true",
     "Whether the session sees itself as root; it has no more rights by that."},
    {"identity.subordinate_ids", Kind::kBool, field<&P::identity, &P::Identity::subordinate_ids>,
     "subordinate_ids = true", "Whether the caller's subordinate ids are mapped, for programs that change users."},
    {"identity.nested_user_namespaces", Kind::kBool, field<&P::identity, &P::Identity::nested_user_namespaces>,
     "nested_user_namespaces = true",
     "Whether programs may make user namespaces of their own, up to 32, as browsers do for their sandbox. They need "
     "the calls too: `@namespace` and `@chroot` in both `refuse_remove` and `allow_add`."},
    {"identity.hostname", Kind::kHostname, field<&P::identity, &P::Identity::hostname>, "hostname = \"clawbox\"",
     "The host name inside."},

    {"environment.pass", Kind::kNames, field<&P::environment, &P::Environment::pass>, "pass = [\"LANG\", \"LC_*\"]",
     "The variables of the caller that pass, by name or by a prefix that ends in `*`; those that steer a loader or an "
     "interpreter never do."},
    {"environment.set", Kind::kVariables, field<&P::environment, &P::Environment::set>, "set = { CI = \"1\" }",
     "Variables with a fixed value; beats `pass`."},

    {"syscalls.allow", Kind::kSyscalls, field<&P::syscalls, &P::Syscalls::allow>,
     "allow = [\"@default\", { call = \"personality\", arg = 0, equals = 0x40000 }]",
     "System calls and groups that work; what is not named answers ENOSYS."},
    {"syscalls.refuse", Kind::kSyscalls, field<&P::syscalls, &P::Syscalls::refuse>,
     "refuse = [{ call = \"@debug\", error = \"EPERM\", reason = \"nothing to debug here\" }]",
     "System calls and groups that are refused with an error, or `kill`; beats `allow`."},
    {"syscalls.landlock",
     Kind::kChoice,
     choice<&P::syscalls, &P::Syscalls::landlock>,
     "landlock = \"required\"",
     "Whether Landlock is a second fence: where the kernel has it, or else no start, or never.",
     {},
     kFences},

    {"audit.level",
     Kind::kChoice,
     choice<&P::audit, &P::Audit::level>,
     "level = \"exec\"",
     "What is recorded: the session; every program and every refused call too; or totals of the noted calls as well.",
     {},
     kAuditLevels},
    {"audit.required", Kind::kBool, field<&P::audit, &P::Audit::required>, "required = true",
     "Whether a trail that cannot be written ends the run; if not, the gap is recorded."},
    {"audit.calls", Kind::kSyscalls, field<&P::audit, &P::Audit::calls>,
     "calls = [\"connect\", \"unlink\", \"@mount\"]",
     "System calls and groups that are recorded although they are allowed, with their arguments; each costs some "
     "microseconds."},
    {"audit.environment_names", Kind::kBool, field<&P::audit, &P::Audit::environment_names>, "environment_names = true",
     "Whether the names of each program's variables are recorded; values never are."},
    {"audit.journal", Kind::kBool, field<&P::audit, &P::Audit::journal>, "journal = true",
     "Whether each record is copied to syslog(3), which systemd's journal takes."},
    {"audit.sync",
     Kind::kChoice,
     choice<&P::audit, &P::Audit::sync>,
     "sync = \"end\"",
     "When records are forced to the disk, so that a power failure cannot lose them: never, at the end, or each one.",
     {},
     kAuditSyncs},
    {"audit.rotate", Kind::kSize, field<&P::audit, &P::Audit::rotate>, "rotate = \"64MiB\"",
     "The size at which a trail goes on in a further file.", kMemory},
    {"audit.keep", Kind::kDuration, field<&P::audit, &P::Audit::keep>, "keep = \"90d\"",
     "The age at which trails are deleted.", kTime},
    {"audit.keep_size", Kind::kSize, field<&P::audit, &P::Audit::keep_size>, "keep_size = \"1GiB\"",
     "The size of all trails together beyond which the oldest are deleted.", kMemory},

    {"lock.keys",
     Kind::kLockedKeys,
     {},
     "keys = [\"network.mode\"]",
     "Administrator only: keys that no user's profile may set; what the same file sets them to holds for all."},
    {"test", Kind::kTests, top_field<&P::tests>, "test = [{ path = \"~/.ssh\", expect = \"hidden\" }]",
     "What `profile check` must find: a path is hidden, read-only or writable; a syscall is allowed or answers an "
     "error."},
};

}  // namespace

std::span<const Key> other_keys() { return kKeys; }

}  // namespace clawbox::profile
