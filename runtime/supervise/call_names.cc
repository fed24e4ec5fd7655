#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/fs.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/ptrace.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <csignal>

#include "supervise/call_tables.h"

// The text of a name is the name itself.
#define NAME(constant) \
  Name { static_cast<uint64_t>(constant), #constant }

namespace clawbox::supervise::names {
namespace {

constexpr uint64_t kWhole = ~uint64_t{0};

constexpr Name kOpenModes[] = {
    NAME(O_RDONLY),
    NAME(O_WRONLY),
    NAME(O_RDWR),
};
constexpr Name kOpenFlags[] = {
    NAME(O_CREAT),   NAME(O_EXCL),     NAME(O_NOCTTY),    NAME(O_TRUNC),
    NAME(O_APPEND),  NAME(O_NONBLOCK), NAME(O_SYNC),      NAME(O_DSYNC),
    NAME(O_DIRECT),  NAME(O_TMPFILE),  NAME(O_DIRECTORY), NAME(O_NOFOLLOW),
    NAME(O_NOATIME), NAME(O_CLOEXEC),  NAME(O_PATH),      {0100000, "O_LARGEFILE"},
};
constexpr Name kAtFlagsTable[] = {
    NAME(AT_SYMLINK_NOFOLLOW), NAME(AT_SYMLINK_FOLLOW), NAME(AT_EMPTY_PATH),
    NAME(AT_NO_AUTOMOUNT),     NAME(AT_RECURSIVE),      {AT_REMOVEDIR, "AT_REMOVEDIR"},
};
constexpr Name kAccessModes[] = {
    {4, "R_OK"},
    {2, "W_OK"},
    {1, "X_OK"},
};
constexpr Name kFamilies[] = {
    NAME(AF_UNSPEC), NAME(AF_UNIX),       NAME(AF_INET),      NAME(AF_INET6),     NAME(AF_NETLINK), NAME(AF_PACKET),
    NAME(AF_VSOCK),  NAME(AF_ALG),        NAME(AF_BLUETOOTH), NAME(AF_CAN),       NAME(AF_KEY),     NAME(AF_XDP),
    NAME(AF_TIPC),   NAME(AF_RXRPC),      NAME(AF_KCM),       NAME(AF_QIPCRTR),   NAME(AF_IB),      NAME(AF_RDS),
    NAME(AF_X25),    NAME(AF_AX25),       NAME(AF_IPX),       NAME(AF_APPLETALK), NAME(AF_LLC),     NAME(AF_PPPOX),
    NAME(AF_NFC),    NAME(AF_IEEE802154), NAME(AF_PHONET),    NAME(AF_CAIF),      NAME(AF_SMC),
};
constexpr Name kSocketTypes[] = {
    NAME(SOCK_STREAM),    NAME(SOCK_DGRAM), NAME(SOCK_RAW),    NAME(SOCK_RDM),
    NAME(SOCK_SEQPACKET), NAME(SOCK_DCCP),  NAME(SOCK_PACKET),
};
constexpr Name kSocketFlags[] = {
    NAME(SOCK_CLOEXEC),
    NAME(SOCK_NONBLOCK),
};
constexpr Name kSendFlags[] = {
    NAME(MSG_OOB),   NAME(MSG_DONTROUTE), NAME(MSG_CONFIRM),  NAME(MSG_DONTWAIT),   NAME(MSG_EOR),
    NAME(MSG_MORE),  NAME(MSG_NOSIGNAL),  NAME(MSG_ZEROCOPY), NAME(MSG_FASTOPEN),   NAME(MSG_PEEK),
    NAME(MSG_TRUNC), NAME(MSG_WAITALL),   NAME(MSG_ERRQUEUE), NAME(MSG_WAITFORONE), NAME(MSG_CMSG_CLOEXEC),
};
constexpr Name kRenameFlags[] = {
    NAME(RENAME_NOREPLACE),
    NAME(RENAME_EXCHANGE),
    NAME(RENAME_WHITEOUT),
};
constexpr Name kResolveFlags[] = {
    NAME(RESOLVE_NO_XDEV), NAME(RESOLVE_NO_MAGICLINKS), NAME(RESOLVE_NO_SYMLINKS),
    NAME(RESOLVE_BENEATH), NAME(RESOLVE_IN_ROOT),       {0x20, "RESOLVE_CACHED"},
};
constexpr Name kMountFlags[] = {
    NAME(MS_RDONLY),      NAME(MS_NOSUID),     NAME(MS_NODEV),          NAME(MS_NOEXEC),
    NAME(MS_SYNCHRONOUS), NAME(MS_REMOUNT),    NAME(MS_MANDLOCK),       NAME(MS_DIRSYNC),
    NAME(MS_NOATIME),     NAME(MS_NODIRATIME), NAME(MS_BIND),           NAME(MS_MOVE),
    NAME(MS_REC),         NAME(MS_SILENT),     NAME(MS_POSIXACL),       NAME(MS_UNBINDABLE),
    NAME(MS_PRIVATE),     NAME(MS_SLAVE),      NAME(MS_SHARED),         NAME(MS_RELATIME),
    NAME(MS_STRICTATIME), NAME(MS_LAZYTIME),   {256, "MS_NOSYMFOLLOW"},
};
// include/linux/fs.h: <sys/mount.h> has these, and quarrels with <linux/mount.h>.
constexpr Name kUmountFlags[] = {
    {1, "MNT_FORCE"},
    {2, "MNT_DETACH"},
    {4, "MNT_EXPIRE"},
    {8, "UMOUNT_NOFOLLOW"},
};
constexpr Name kMoveMountFlags[] = {
    NAME(MOVE_MOUNT_F_SYMLINKS),     NAME(MOVE_MOUNT_F_AUTOMOUNTS), NAME(MOVE_MOUNT_F_EMPTY_PATH),
    NAME(MOVE_MOUNT_T_SYMLINKS),     NAME(MOVE_MOUNT_T_AUTOMOUNTS), NAME(MOVE_MOUNT_T_EMPTY_PATH),
    {0x100, "MOVE_MOUNT_SET_GROUP"}, {0x200, "MOVE_MOUNT_BENEATH"},
};
constexpr Name kOpenTreeFlags[] = {
    NAME(OPEN_TREE_CLONE), NAME(OPEN_TREE_CLOEXEC), NAME(AT_EMPTY_PATH),
    NAME(AT_NO_AUTOMOUNT), NAME(AT_RECURSIVE),      NAME(AT_SYMLINK_NOFOLLOW),
};
constexpr Name kFsopenFlags[] = {
    NAME(FSOPEN_CLOEXEC),
};
constexpr Name kFsmountFlags[] = {
    NAME(FSMOUNT_CLOEXEC),
};
constexpr Name kFsconfigCommands[] = {
    NAME(FSCONFIG_SET_FLAG),       NAME(FSCONFIG_SET_STRING), NAME(FSCONFIG_SET_BINARY), NAME(FSCONFIG_SET_PATH),
    NAME(FSCONFIG_SET_PATH_EMPTY), NAME(FSCONFIG_SET_FD),     NAME(FSCONFIG_CMD_CREATE), NAME(FSCONFIG_CMD_RECONFIGURE),
};
constexpr Name kMountAttributes[] = {
    NAME(MOUNT_ATTR_RDONLY),     NAME(MOUNT_ATTR_NOSUID),        NAME(MOUNT_ATTR_NODEV),
    NAME(MOUNT_ATTR_NOEXEC),     NAME(MOUNT_ATTR_NOATIME),       NAME(MOUNT_ATTR_STRICTATIME),
    NAME(MOUNT_ATTR_NODIRATIME), {0x100000, "MOUNT_ATTR_IDMAP"}, {0x200000, "MOUNT_ATTR_NOSYMFOLLOW"},
};
constexpr Name kCloneFlags[] = {
    NAME(CLONE_VM),
    NAME(CLONE_FS),
    NAME(CLONE_FILES),
    NAME(CLONE_SIGHAND),
    NAME(CLONE_PIDFD),
    NAME(CLONE_PTRACE),
    NAME(CLONE_VFORK),
    NAME(CLONE_PARENT),
    NAME(CLONE_THREAD),
    NAME(CLONE_NEWNS),
    NAME(CLONE_SYSVSEM),
    NAME(CLONE_SETTLS),
    NAME(CLONE_PARENT_SETTID),
    NAME(CLONE_CHILD_CLEARTID),
    NAME(CLONE_DETACHED),
    NAME(CLONE_UNTRACED),
    NAME(CLONE_CHILD_SETTID),
    NAME(CLONE_NEWCGROUP),
    NAME(CLONE_NEWUTS),
    NAME(CLONE_NEWIPC),
    NAME(CLONE_NEWUSER),
    NAME(CLONE_NEWPID),
    NAME(CLONE_NEWNET),
    NAME(CLONE_IO),
    NAME(CLONE_CLEAR_SIGHAND),
    NAME(CLONE_INTO_CGROUP),
};
// Not for clone(2), where the bit of CLONE_NEWTIME belongs to the exit signal.
constexpr Name kNamespaceFlags[] = {
    NAME(CLONE_NEWTIME), NAME(CLONE_NEWNS),   NAME(CLONE_NEWCGROUP), NAME(CLONE_NEWUTS),
    NAME(CLONE_NEWIPC),  NAME(CLONE_NEWUSER), NAME(CLONE_NEWPID),    NAME(CLONE_NEWNET),
    NAME(CLONE_FS),      NAME(CLONE_FILES),   NAME(CLONE_SYSVSEM),
};
constexpr Name kSignals[] = {
    NAME(SIGHUP),    NAME(SIGINT),  NAME(SIGQUIT),  NAME(SIGILL),  NAME(SIGTRAP), NAME(SIGABRT),
    NAME(SIGBUS),    NAME(SIGFPE),  NAME(SIGKILL),  NAME(SIGUSR1), NAME(SIGSEGV), NAME(SIGUSR2),
    NAME(SIGPIPE),   NAME(SIGALRM), NAME(SIGTERM),  NAME(SIGCHLD), NAME(SIGCONT), NAME(SIGSTOP),
    NAME(SIGTSTP),   NAME(SIGTTIN), NAME(SIGTTOU),  NAME(SIGURG),  NAME(SIGXCPU), NAME(SIGXFSZ),
    NAME(SIGVTALRM), NAME(SIGPROF), NAME(SIGWINCH), NAME(SIGIO),   NAME(SIGPWR),  NAME(SIGSYS),
};
constexpr Name kPtraceRequests[] = {
    NAME(PTRACE_TRACEME),
    NAME(PTRACE_PEEKTEXT),
    NAME(PTRACE_PEEKDATA),
    NAME(PTRACE_PEEKUSR),
    NAME(PTRACE_POKETEXT),
    NAME(PTRACE_POKEDATA),
    NAME(PTRACE_POKEUSR),
    NAME(PTRACE_CONT),
    NAME(PTRACE_KILL),
    NAME(PTRACE_SINGLESTEP),
    NAME(PTRACE_ATTACH),
    NAME(PTRACE_DETACH),
    NAME(PTRACE_SYSCALL),
    NAME(PTRACE_SETOPTIONS),
    NAME(PTRACE_GETEVENTMSG),
    NAME(PTRACE_GETSIGINFO),
    NAME(PTRACE_SETSIGINFO),
    NAME(PTRACE_GETREGSET),
    NAME(PTRACE_SETREGSET),
    NAME(PTRACE_SEIZE),
    NAME(PTRACE_INTERRUPT),
    NAME(PTRACE_LISTEN),
    NAME(PTRACE_PEEKSIGINFO),
    NAME(PTRACE_GETSIGMASK),
    NAME(PTRACE_SETSIGMASK),
    NAME(PTRACE_SECCOMP_GET_FILTER),
    NAME(PTRACE_SECCOMP_GET_METADATA),
    NAME(PTRACE_GET_SYSCALL_INFO),
};
constexpr Name kPrctlOptions[] = {
    NAME(PR_SET_PDEATHSIG),
    NAME(PR_GET_PDEATHSIG),
    NAME(PR_GET_DUMPABLE),
    NAME(PR_SET_DUMPABLE),
    NAME(PR_GET_UNALIGN),
    NAME(PR_SET_UNALIGN),
    NAME(PR_GET_KEEPCAPS),
    NAME(PR_SET_KEEPCAPS),
    NAME(PR_GET_FPEMU),
    NAME(PR_SET_FPEMU),
    NAME(PR_GET_FPEXC),
    NAME(PR_SET_FPEXC),
    NAME(PR_GET_TIMING),
    NAME(PR_SET_TIMING),
    NAME(PR_SET_NAME),
    NAME(PR_GET_NAME),
    NAME(PR_GET_ENDIAN),
    NAME(PR_SET_ENDIAN),
    NAME(PR_GET_SECCOMP),
    NAME(PR_SET_SECCOMP),
    NAME(PR_CAPBSET_READ),
    NAME(PR_CAPBSET_DROP),
    NAME(PR_GET_TSC),
    NAME(PR_SET_TSC),
    NAME(PR_GET_SECUREBITS),
    NAME(PR_SET_SECUREBITS),
    NAME(PR_SET_TIMERSLACK),
    NAME(PR_GET_TIMERSLACK),
    NAME(PR_TASK_PERF_EVENTS_DISABLE),
    NAME(PR_TASK_PERF_EVENTS_ENABLE),
    NAME(PR_MCE_KILL),
    NAME(PR_MCE_KILL_GET),
    NAME(PR_SET_MM),
    NAME(PR_SET_PTRACER),
    NAME(PR_SET_CHILD_SUBREAPER),
    NAME(PR_GET_CHILD_SUBREAPER),
    NAME(PR_SET_NO_NEW_PRIVS),
    NAME(PR_GET_NO_NEW_PRIVS),
    NAME(PR_GET_TID_ADDRESS),
    NAME(PR_SET_THP_DISABLE),
    NAME(PR_GET_THP_DISABLE),
    NAME(PR_SET_FP_MODE),
    NAME(PR_GET_FP_MODE),
    NAME(PR_CAP_AMBIENT),
    NAME(PR_GET_SPECULATION_CTRL),
    NAME(PR_SET_SPECULATION_CTRL),
    NAME(PR_SET_IO_FLUSHER),
    NAME(PR_GET_IO_FLUSHER),
    NAME(PR_SET_SYSCALL_USER_DISPATCH),
    {62, "PR_SCHED_CORE"},
    {0x53564d41, "PR_SET_VMA"},
    {65, "PR_SET_MDWE"},
};
constexpr Name kBpfCommands[] = {
    NAME(BPF_MAP_CREATE),       NAME(BPF_MAP_LOOKUP_ELEM),     NAME(BPF_MAP_UPDATE_ELEM),  NAME(BPF_MAP_DELETE_ELEM),
    NAME(BPF_MAP_GET_NEXT_KEY), NAME(BPF_PROG_LOAD),           NAME(BPF_OBJ_PIN),          NAME(BPF_OBJ_GET),
    NAME(BPF_PROG_ATTACH),      NAME(BPF_PROG_DETACH),         NAME(BPF_PROG_TEST_RUN),    NAME(BPF_PROG_GET_NEXT_ID),
    NAME(BPF_MAP_GET_NEXT_ID),  NAME(BPF_PROG_GET_FD_BY_ID),   NAME(BPF_MAP_GET_FD_BY_ID), NAME(BPF_OBJ_GET_INFO_BY_FD),
    NAME(BPF_PROG_QUERY),       NAME(BPF_RAW_TRACEPOINT_OPEN), NAME(BPF_BTF_LOAD),         NAME(BPF_BTF_GET_FD_BY_ID),
    NAME(BPF_TASK_FD_QUERY),    NAME(BPF_MAP_FREEZE),          NAME(BPF_LINK_CREATE),      NAME(BPF_LINK_UPDATE),
    NAME(BPF_ENABLE_STATS),     NAME(BPF_ITER_CREATE),         NAME(BPF_LINK_DETACH),
};
constexpr Name kKeyctlOperations[] = {
    NAME(KEYCTL_GET_KEYRING_ID),
    NAME(KEYCTL_JOIN_SESSION_KEYRING),
    NAME(KEYCTL_UPDATE),
    NAME(KEYCTL_REVOKE),
    NAME(KEYCTL_CHOWN),
    NAME(KEYCTL_SETPERM),
    NAME(KEYCTL_DESCRIBE),
    NAME(KEYCTL_CLEAR),
    NAME(KEYCTL_LINK),
    NAME(KEYCTL_UNLINK),
    NAME(KEYCTL_SEARCH),
    NAME(KEYCTL_READ),
    NAME(KEYCTL_INSTANTIATE),
    NAME(KEYCTL_NEGATE),
    NAME(KEYCTL_SET_REQKEY_KEYRING),
    NAME(KEYCTL_SET_TIMEOUT),
    NAME(KEYCTL_ASSUME_AUTHORITY),
    NAME(KEYCTL_GET_SECURITY),
    NAME(KEYCTL_SESSION_TO_PARENT),
    NAME(KEYCTL_REJECT),
    NAME(KEYCTL_INSTANTIATE_IOV),
    NAME(KEYCTL_INVALIDATE),
    NAME(KEYCTL_GET_PERSISTENT),
    NAME(KEYCTL_RESTRICT_KEYRING),
    NAME(KEYCTL_MOVE),
    NAME(KEYCTL_CAPABILITIES),
};
constexpr Name kSeccompOperations[] = {
    NAME(SECCOMP_SET_MODE_STRICT),
    NAME(SECCOMP_SET_MODE_FILTER),
    NAME(SECCOMP_GET_ACTION_AVAIL),
    NAME(SECCOMP_GET_NOTIF_SIZES),
};
constexpr Name kSeccompFilterFlags[] = {
    NAME(SECCOMP_FILTER_FLAG_TSYNC),       NAME(SECCOMP_FILTER_FLAG_LOG),
    NAME(SECCOMP_FILTER_FLAG_SPEC_ALLOW),  NAME(SECCOMP_FILTER_FLAG_NEW_LISTENER),
    NAME(SECCOMP_FILTER_FLAG_TSYNC_ESRCH), {1 << 5, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"},
};
constexpr Name kLandlockVersions[] = {
    NAME(LANDLOCK_CREATE_RULESET_VERSION),
};
constexpr Name kLandlockRules[] = {
    NAME(LANDLOCK_RULE_PATH_BENEATH),
    {2, "LANDLOCK_RULE_NET_PORT"},
};
constexpr Name kRebootCommands[] = {
    NAME(LINUX_REBOOT_CMD_RESTART),    NAME(LINUX_REBOOT_CMD_HALT),      NAME(LINUX_REBOOT_CMD_CAD_ON),
    NAME(LINUX_REBOOT_CMD_CAD_OFF),    NAME(LINUX_REBOOT_CMD_POWER_OFF), NAME(LINUX_REBOOT_CMD_RESTART2),
    NAME(LINUX_REBOOT_CMD_SW_SUSPEND), NAME(LINUX_REBOOT_CMD_KEXEC),
};
constexpr Name kIoctlRequests[] = {
    NAME(TIOCSTI),
    {0x541c, "TIOCLINUX"},
};

}  // namespace

const Names kAccess{.flags = kAccessModes};
const Names kAtFlags{.flags = kAtFlagsTable};
const Names kBpfCommand{kWhole, kBpfCommands, {}};
const Names kClone{0xff, kSignals, kCloneFlags};
const Names kNamespaces{.flags = kNamespaceFlags};
const Names kFamily{kWhole, kFamilies, {}};
const Names kFsconfig{kWhole, kFsconfigCommands, {}};
const Names kFsmount{.flags = kFsmountFlags};
const Names kFsopen{.flags = kFsopenFlags};
const Names kIoctl{kWhole, kIoctlRequests, {}};
const Names kKeyctl{kWhole, kKeyctlOperations, {}};
const Names kLandlockRule{kWhole, kLandlockRules, {}};
const Names kLandlockVersion{.flags = kLandlockVersions};
const Names kMount{.flags = kMountFlags};
const Names kMountAttr{.flags = kMountAttributes};
const Names kMoveMount{.flags = kMoveMountFlags};
const Names kOpen{O_ACCMODE, kOpenModes, kOpenFlags};
const Names kOpenTree{.flags = kOpenTreeFlags};
const Names kPrctl{kWhole, kPrctlOptions, {}};
const Names kPtrace{kWhole, kPtraceRequests, {}};
const Names kReboot{kWhole, kRebootCommands, {}};
const Names kRenameat2{.flags = kRenameFlags};
const Names kResolve{.flags = kResolveFlags};
const Names kSeccomp{kWhole, kSeccompOperations, {}};
const Names kSeccompFlags{.flags = kSeccompFilterFlags};
const Names kSend{.flags = kSendFlags};
const Names kSignal{kWhole, kSignals, {}};
const Names kSocketType{0xf, kSocketTypes, kSocketFlags};
const Names kUmount{.flags = kUmountFlags};

}  // namespace clawbox::supervise::names
