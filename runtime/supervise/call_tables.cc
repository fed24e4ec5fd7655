#include "supervise/call_tables.h"

#include <sys/syscall.h>

#include <algorithm>
#include <iterator>

namespace clawbox::supervise {
namespace {

constexpr Argument hex{Kind::kHex}, integer{Kind::kInt}, number{Kind::kLong}, size{Kind::kUnsigned}, mode{Kind::kOctal},
    file_mode{Kind::kFileMode}, directory{Kind::kDirectory}, text{Kind::kText}, address{Kind::kAddress},
    how{Kind::kOpenHow}, clone_args{Kind::kCloneArgs}, mount_attr{Kind::kMountAttr}, device{Kind::kDevice},
    fd{Kind::kInt}, pid{Kind::kInt}, id{Kind::kInt};

constexpr Argument of(const Names& table) { return {Kind::kNames, &table}; }
constexpr Argument long_of(const Names& table) { return {Kind::kLongNames, &table}; }

// What the oldest supported headers may lack; one number on every architecture (include/uapi/asm-generic/unistd.h).
constexpr long kFchmodat2 = 452;  // Linux 6.6

#define CALL(name) SYS_##name, #name
constexpr CallShape kShapes[] = {
    {CALL(socket), {of(names::kFamily), of(names::kSocketType), integer}},
    {CALL(socketpair), {of(names::kFamily), of(names::kSocketType), integer, hex}},
    {CALL(connect), {fd, address, integer}},
    {CALL(bind), {fd, address, integer}},
    {CALL(listen), {fd, integer}},
    {CALL(accept), {fd, hex, hex}},
    {CALL(accept4), {fd, hex, hex, of(names::kSocketType)}},
    {CALL(sendto), {fd, hex, size, of(names::kSend), address, integer}},
    {CALL(unlinkat), {directory, text, of(names::kAtFlags)}},
    {CALL(renameat2), {directory, text, directory, text, of(names::kRenameat2)}},
    {CALL(linkat), {directory, text, directory, text, of(names::kAtFlags)}},
    {CALL(symlinkat), {text, directory, text}},
    {CALL(openat), {directory, text, of(names::kOpen), mode}},
    {CALL(openat2), {directory, text, how, size}},
    {CALL(mkdirat), {directory, text, mode}},
    {CALL(mknodat), {directory, text, file_mode, device}},
    {CALL(fchmod), {fd, mode}},
    {CALL(fchmodat), {directory, text, mode}},
    {kFchmodat2, "fchmodat2", {directory, text, mode, of(names::kAtFlags)}},
    {CALL(fchown), {fd, id, id}},
    {CALL(fchownat), {directory, text, id, id, of(names::kAtFlags)}},
    {CALL(truncate), {text, number}},
    {CALL(ftruncate), {fd, number}},
    {CALL(mount), {text, text, text, long_of(names::kMount), hex}},
    {CALL(umount2), {text, of(names::kUmount)}},
    {CALL(pivot_root), {text, text}},
    {CALL(move_mount), {directory, text, directory, text, of(names::kMoveMount)}},
    {CALL(open_tree), {directory, text, of(names::kOpenTree)}},
    {CALL(fsopen), {text, of(names::kFsopen)}},
    {CALL(fspick), {directory, text, of(names::kFsopen)}},
    {CALL(fsconfig), {fd, of(names::kFsconfig), text, hex, integer}},
    {CALL(fsmount), {fd, of(names::kFsmount), of(names::kMountAttr)}},
    {CALL(mount_setattr), {directory, text, of(names::kAtFlags), mount_attr, size}},
    {CALL(unshare), {long_of(names::kNamespaces)}},
    {CALL(setns), {fd, of(names::kNamespaces)}},
    {CALL(clone), {long_of(names::kClone), hex, hex, hex, hex}},
    {CALL(clone3), {clone_args, size}},
    {CALL(ptrace), {long_of(names::kPtrace), pid, hex, hex}},
    {CALL(process_vm_readv), {pid, hex, size, hex, size, hex}},
    {CALL(process_vm_writev), {pid, hex, size, hex, size, hex}},
    {CALL(kill), {pid, of(names::kSignal)}},
    {CALL(tkill), {pid, of(names::kSignal)}},
    {CALL(tgkill), {pid, pid, of(names::kSignal)}},
    {CALL(rt_sigqueueinfo), {pid, of(names::kSignal), hex}},
    {CALL(rt_tgsigqueueinfo), {pid, pid, of(names::kSignal), hex}},
    {CALL(pidfd_open), {pid, hex}},
    {CALL(pidfd_getfd), {fd, fd, hex}},
    {CALL(pidfd_send_signal), {fd, of(names::kSignal), hex, hex}},
    {CALL(prctl), {of(names::kPrctl), hex, hex, hex, hex}},
    {CALL(bpf), {of(names::kBpfCommand), hex, size}},
    {CALL(perf_event_open), {hex, pid, integer, fd, hex}},
    {CALL(keyctl), {of(names::kKeyctl), hex, hex, hex, hex}},
    {CALL(add_key), {text, text, hex, size, integer}},
    {CALL(request_key), {text, text, text, integer}},
    {CALL(seccomp), {of(names::kSeccomp), of(names::kSeccompFlags), hex}},
    {CALL(landlock_create_ruleset), {hex, size, of(names::kLandlockVersion)}},
    {CALL(landlock_add_rule), {fd, of(names::kLandlockRule), hex, hex}},
    {CALL(landlock_restrict_self), {fd, hex}},
    {CALL(execve), {text, hex, hex}},
    {CALL(execveat), {directory, text, hex, hex, of(names::kAtFlags)}},
    {CALL(chroot), {text}},
    {CALL(chdir), {text}},
    {CALL(fchdir), {fd}},
    {CALL(setuid), {id}},
    {CALL(setgid), {id}},
    {CALL(setreuid), {id, id}},
    {CALL(setregid), {id, id}},
    {CALL(setresuid), {id, id, id}},
    {CALL(setresgid), {id, id, id}},
    {CALL(setfsuid), {id}},
    {CALL(setfsgid), {id}},
    {CALL(setgroups), {integer, hex}},
    {CALL(capset), {hex, hex}},
    {CALL(reboot), {hex, hex, of(names::kReboot), hex}},
    {CALL(swapon), {text, hex}},
    {CALL(swapoff), {text}},
    {CALL(init_module), {hex, size, text}},
    {CALL(finit_module), {fd, text, hex}},
    {CALL(delete_module), {text, of(names::kOpen)}},
    {CALL(kexec_load), {hex, size, hex, hex}},
    {CALL(io_uring_setup), {size, hex}},
    {CALL(io_uring_enter), {fd, size, size, hex, hex, size}},
    {CALL(io_uring_register), {fd, hex, hex, size}},
    {CALL(userfaultfd), {of(names::kOpen)}},
    {CALL(ioctl), {fd, of(names::kIoctl), hex}},
    {CALL(sethostname), {text, size}},
    {CALL(memfd_create), {text, hex}},
    {CALL(exit_group), {integer}},
#ifdef SYS_kexec_file_load
    {CALL(kexec_file_load), {fd, fd, size, text, hex}},
#endif
#ifdef SYS_renameat
    {CALL(renameat), {directory, text, directory, text}},
#endif
#ifdef SYS_open  // The calls without a directory, which newer architectures never had.
    {CALL(open), {text, of(names::kOpen), mode}},
    {CALL(creat), {text, mode}},
    {CALL(unlink), {text}},
    {CALL(rename), {text, text}},
    {CALL(link), {text, text}},
    {CALL(symlink), {text, text}},
    {CALL(mkdir), {text, mode}},
    {CALL(rmdir), {text}},
    {CALL(mknod), {text, file_mode, device}},
    {CALL(chmod), {text, mode}},
    {CALL(chown), {text, id, id}},
    {CALL(lchown), {text, id, id}},
#endif
};
#undef CALL

}  // namespace

const CallShape* shape_of(int number_) {
  const auto* const found = std::find_if(std::begin(kShapes), std::end(kShapes),
                                         [=](const CallShape& shape) { return shape.number == number_; });
  return found == std::end(kShapes) ? nullptr : found;
}

}  // namespace clawbox::supervise
