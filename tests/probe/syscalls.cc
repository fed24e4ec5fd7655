#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>

#include "probe/check.h"

namespace probe {
namespace {

Result filter_active(const Planted&) {
  const std::string mode = status_field(read_text("/proc/self/status"), "Seccomp");
  return mode == "2" ? holds() : open_because("the seccomp mode is " + mode);
}

Result no_new_privs_set(const Planted&) {
  return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? holds() : open_because("set-user-id programs gain privileges");
}

// The planted pid may by chance be the number of a process of our own inside: only one that bears the marker counts.
pid_t planted_process(const Planted& planted) {
  const auto pid = fact(planted, "process_pid");
  const auto marker = fact(planted, "process_marker");
  if (!pid || !marker) return 0;
  const std::string line = read_text("/proc/" + *pid + "/cmdline");
  if (!line.empty() && line.find(*marker) == std::string::npos) return 0;
  return static_cast<pid_t>(std::strtol(pid->c_str(), nullptr, 10));
}

Result on_planted(const Planted& planted, long (*call)(pid_t)) {
  const pid_t pid = planted_process(planted);
  if (pid == 0) return not_applicable("no process was planted, or its number is one of our own here");
  return refused_in_child([&] { return call(pid); }, {ESRCH, EPERM, EACCES, ENOSYS});
}

Result ptrace_refused(const Planted& planted) {
  return on_planted(planted, [](pid_t pid) { return ::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr); });
}

Result memory_reads_refused(const Planted& planted) {
  return on_planted(planted, [](pid_t pid) -> long {
    char byte = 0;
    const iovec local{&byte, 1}, remote{reinterpret_cast<void*>(8), 1};  // nothing is mapped there
    return ::process_vm_readv(pid, &local, 1, &remote, 1, 0);
  });
}

Result pidfd_getfd_refused(const Planted& planted) {
  return on_planted(planted, [](pid_t pid) {
    const long pidfd = ::syscall(SYS_pidfd_open, pid, 0);
    return pidfd < 0 ? pidfd : ::syscall(SYS_pidfd_getfd, pidfd, 0, 0);
  });
}

Result signals_refused(const Planted& planted) {
  return on_planted(planted, [](pid_t pid) -> long { return ::kill(pid, 0); });
}

Result kcmp_refused(const Planted& planted) {
  return on_planted(planted, [](pid_t pid) { return ::syscall(SYS_kcmp, ::getpid(), pid, 0 /* KCMP_FILE */, 0, 0); });
}

Result bpf_map_refused(const Planted&) {
  bpf_attr attributes{};
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = 4;
  attributes.value_size = 4;
  attributes.max_entries = 1;
  return refused(::syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes));
}

Result bpf_unknown_refused(const Planted&) { return refused(::syscall(SYS_bpf, 9999, nullptr, 0)); }

Result perf_refused(const Planted&) {
  perf_event_attr attributes{};
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.size = sizeof attributes;
  attributes.config = PERF_COUNT_SW_TASK_CLOCK;
  attributes.exclude_kernel = 1;
  attributes.disabled = 1;
  return refused(::syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
}

Result userfaultfd_refused(const Planted&) {
  return refused(::syscall(SYS_userfaultfd, O_CLOEXEC | 1 /* UFFD_USER_MODE_ONLY */));
}

Result io_uring_absent(const Planted&) {
  struct {
    char zero[120];
  } parameters{};
  return all({refused(::syscall(SYS_io_uring_setup, 1, &parameters), {ENOSYS}),
              refused(::syscall(SYS_io_uring_enter, -1, 0, 0, 0, nullptr, 0), {ENOSYS}),
              refused(::syscall(SYS_io_uring_register, -1, 0, nullptr, 0), {ENOSYS})});
}

Result clone3_answer(const Planted&) {
  const long result = ::syscall(SYS_clone3, nullptr, 0);
  return result < 0 && errno != EPERM ? holds() : open_because("libc will not fall back");
}

#if defined(__x86_64__)
Result modify_ldt_refused(const Planted&) {
  char entry[16];
  return refused(::syscall(SYS_modify_ldt, 0, entry, sizeof entry));
}

Result x32_refused(const Planted&) {
  const ChildEnd end = in_child([] {
    const long result = ::syscall(0x40000000 | SYS_getpid);
    return result == ::getpid() ? 1 : 0;
  });
  return end.exit == 1 ? open_because("an x32 call was served") : holds();
}

Result calls_of_32_bits_refused(const Planted&) {
  const ChildEnd end = in_child([] {
    long result = 20;  // getpid
    asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    return result == ::getpid() ? 1 : 0;
  });
  return end.exit == 1 ? open_because("a 32-bit call was served") : holds();
}

Result io_ports_refused(const Planted&) {
  return all({refused_in_child([] { return ::syscall(SYS_ioperm, 0x80, 1, 1); }),
              refused_in_child([] { return ::syscall(SYS_iopl, 3); })});
}

Result obsolete_refused(const Planted&) {
  char buffer[64];
  return all({refused(::syscall(SYS_uselib, "/clawbox-none")), refused(::syscall(SYS_ustat, 0, buffer)),
              refused(::syscall(SYS_sysfs, 3)), refused(::syscall(SYS__sysctl, nullptr)),
              refused(::syscall(SYS_lookup_dcookie, 0, buffer, 0)),
              refused(::syscall(SYS_nfsservctl, 0, nullptr, nullptr))});
}
#else
Result only_x86(const Planted&) { return not_applicable("only x86-64 has it"); }
constexpr auto modify_ldt_refused = only_x86, x32_refused = only_x86, calls_of_32_bits_refused = only_x86,
               io_ports_refused = only_x86, obsolete_refused = only_x86;
#endif

Result kexec_refused(const Planted&) {
  return all({refused(::syscall(SYS_kexec_load, 0, 0, nullptr, ~0UL)),
              refused(::syscall(SYS_kexec_file_load, -1, -1, 0, nullptr, ~0UL))});
}

Result modules_refused(const Planted&) {
  return all({refused(::syscall(SYS_init_module, nullptr, 0, "")), refused(::syscall(SYS_finit_module, -1, "", 0)),
              refused(::syscall(SYS_delete_module, "clawbox_no_such_module", O_NONBLOCK))});
}

Result reboot_refused(const Planted&) { return refused(::syscall(SYS_reboot, 0, 0, 0, nullptr)); }

Result swap_and_accounting_refused(const Planted&) {
  return all(
      {refused(::swapon("/clawbox-none", 0)), refused(::swapoff("/clawbox-none")), refused(::acct("/clawbox-none"))});
}

Result clock_fixed(const Planted&) {
  timex change{};
  change.modes = ADJ_TICK;  // a tick of 0 is out of range
  return all({refused(::adjtimex(&change)), refused(::syscall(SYS_clock_adjtime, CLOCK_REALTIME, &change))});
}

Result host_name_fixed(const Planted&) {
  return all({refused(::syscall(SYS_sethostname, "x", -1)), refused(::syscall(SYS_setdomainname, "x", -1))});
}

Result fanotify_refused(const Planted&) {
  return refused(::syscall(SYS_fanotify_init, 0x200 /* FAN_REPORT_FID */, O_RDONLY));
}

Result numa_absent(const Planted&) {
  return all({refused(::syscall(SYS_set_mempolicy, 0, nullptr, 0), {ENOSYS}),
              refused(::syscall(SYS_get_mempolicy, nullptr, nullptr, 0, nullptr, 0), {ENOSYS}),
              refused(::syscall(SYS_mbind, 0, 0, 0, nullptr, 0, 0), {ENOSYS})});
}

Result odd_personalities_refused(const Planted&) {
  const ChildEnd end = in_child([] {
    for (const unsigned long odd : {0x0400000UL /* READ_IMPLIES_EXEC */, 0x0100000UL /* MMAP_PAGE_ZERO */})
      if (::personality(odd) >= 0 && (static_cast<unsigned long>(::personality(0xffffffff)) & odd) != 0) return 1;
    return ::personality(ADDR_NO_RANDOMIZE) < 0 ? 2 : 0;
  });
  if (end.exit == 2) return open_because("ADDR_NO_RANDOMIZE is refused, which debuggers need");
  return end.exit == 0 ? holds() : open_because("an odd personality was set");
}

Result vmsplice_refused(const Planted&) { return refused(::vmsplice(-1, nullptr, 0, 0)); }

Result real_time_refused(const Planted&) {
  return refused_in_child([]() -> long {
    sched_param parameters{};
    parameters.sched_priority = 1;
    return ::sched_setscheduler(0, SCHED_FIFO, &parameters);
  });
}

Result higher_priority_refused(const Planted&) {
  return refused_in_child([]() -> long { return ::setpriority(PRIO_PROCESS, 0, -10); });
}

Result unknown_calls_absent(const Planted&) {
  return all({refused(::syscall(2000), {ENOSYS}), refused(::syscall(700), {ENOSYS})});
}

constexpr Check kChecks[] = {
    {"SY01", "a seccomp filter is active", filter_active},
    {"SY02", "no_new_privs is set", no_new_privs_set},
    {"SY04", "ptrace of a process outside is refused", ptrace_refused},
    {"SY05", "reading the memory of a process outside is refused", memory_reads_refused},
    {"SY06", "taking descriptors of a process outside is refused", pidfd_getfd_refused},
    {"SY07", "signals to a process outside are refused", signals_refused},
    {"SY08", "comparing with a process outside is refused", kcmp_refused},
    {"SY09", "bpf maps are refused", bpf_map_refused},
    {"SY10", "bpf with an unknown command is refused", bpf_unknown_refused},
    {"SY11", "perf_event_open is refused", perf_refused},
    {"SY12", "userfaultfd is refused", userfaultfd_refused},
    {"SY13", "io_uring looks absent", io_uring_absent},
    {"SY14", "modify_ldt is refused", modify_ldt_refused},
    {"SY15", "x32 calls are refused", x32_refused},
    {"SY16", "32-bit calls are refused", calls_of_32_bits_refused},
    {"SY17", "kexec is refused", kexec_refused},
    {"SY18", "kernel modules are refused", modules_refused},
    {"SY19", "reboot is refused", reboot_refused},
    {"SY20", "swap and accounting are refused", swap_and_accounting_refused},
    {"SY21", "the clock cannot be set", clock_fixed},
    {"SY22", "the host name cannot be set", host_name_fixed},
    {"SY23", "I/O ports are refused", io_ports_refused},
    {"SY24", "fanotify is refused", fanotify_refused},
    {"SY25", "the NUMA calls look absent", numa_absent},
    {"SY26", "odd personalities are refused and ADDR_NO_RANDOMIZE is not", odd_personalities_refused},
    {"SY27", "vmsplice is refused", vmsplice_refused},
    {"SY28", "the real-time class is refused", real_time_refused},
    {"SY29", "a higher priority is refused", higher_priority_refused},
    {"SY30", "obsolete calls are refused", obsolete_refused},
    {"SY31", "unknown calls look absent", unknown_calls_absent},
    {"SY32", "clone3 looks absent or passes", clone3_answer},
};

}  // namespace

std::span<const Check> syscall_checks() { return kChecks; }

}  // namespace probe
