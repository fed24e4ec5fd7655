#include <fcntl.h>
#include <sys/klog.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cctype>

#include "probe/check.h"

namespace probe {
namespace {

Result shows_nothing(std::initializer_list<const char*> files) {
  for (const char* path : files)
    if (shows_a_byte(path)) return open_because(std::string("read a byte of ") + path);
  return holds();
}

Result kcore_masked(const Planted&) { return shows_nothing({"/proc/kcore"}); }
Result keys_masked(const Planted&) { return shows_nothing({"/proc/keys"}); }

Result directories_empty(std::initializer_list<const char*> directories) {
  for (const char* path : directories)
    if (!names_in(path).empty()) return open_because(std::string("lists ") + path);
  return holds();
}

Result kernel_details_masked(const Planted&) {
  return all({shows_nothing({"/proc/timer_list", "/proc/interrupts", "/proc/slabinfo", "/proc/vmallocinfo",
                             "/proc/sched_debug", "/proc/latency_stats", "/proc/timer_stats", "/proc/kpagecount",
                             "/proc/kpageflags", "/proc/kpagecgroup"}),
              directories_empty({"/proc/acpi", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap"})});
}

Result none_opens_for_writing(std::initializer_list<const char*> files) {
  for (const char* path : files)
    if (can_open(path, O_WRONLY)) return open_because(std::string("opened for writing: ") + path);
  return holds();
}

Result sysrq_closed(const Planted&) { return none_opens_for_writing({"/proc/sysrq-trigger"}); }

Result sysctls_closed(const Planted&) {
  return none_opens_for_writing(
      {"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/poweroff_cmd",
       "/proc/sys/kernel/randomize_va_space", "/proc/sys/kernel/sysrq", "/proc/sys/kernel/panic",
       "/proc/sys/fs/binfmt_misc/register", "/proc/sys/fs/suid_dumpable", "/proc/sys/vm/panic_on_oom",
       "/proc/sys/vm/overcommit_memory", "/proc/sys/vm/drop_caches", "/proc/sys/user/max_user_namespaces"});
}

Result proc_hardware_files_closed(const Planted&) {
  for (const char* directory : {"/proc/bus", "/proc/bus/pci", "/proc/fs"})
    for (const std::string& name : names_in(directory)) {
      const std::string path = std::string(directory) + "/" + name;
      if (can_open(path, O_WRONLY)) return open_because("opened for writing: " + path);
    }
  return none_opens_for_writing({"/proc/irq/default_smp_affinity", "/proc/mtrr"});
}

bool is_pid(const std::string& name) { return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) != 0; }

Result host_processes_invisible(const Planted& planted) {
  const auto marker = fact(planted, "process_marker");
  if (!marker) return not_applicable("no process was planted");
  // The marker is in our own arguments too, so look for the whole command line of the planted one.
  for (const std::string& pid : names_in("/proc")) {
    if (!is_pid(pid)) continue;
    const std::string line = read_text("/proc/" + pid + "/cmdline");
    const bool planted_one = line.find(std::string("--hold") + '\0' + *marker) != std::string::npos;
    if (planted_one) return open_because("sees the planted process " + pid);
    if (read_text("/proc/" + pid + "/comm") == "kthreadd\n") return open_because("sees the kernel's threads");
  }
  return holds();
}

Result proc_is_own(const Planted&) {
  std::array<char, 32> target{};
  if (::readlink("/proc/self", target.data(), target.size() - 1) < 0) return holds();
  return std::to_string(::getpid()) == target.data() ? holds() : open_because("/proc/self is not this process");
}

Result no_kernel_addresses(const Planted&) {
  const std::string line = read_text("/proc/kallsyms").substr(0, 16);
  const bool zero = line.find_first_not_of('0') == std::string::npos;
  return zero ? holds() : open_because("kallsyms tells addresses");
}

Result kernel_log_closed(const Planted&) {
  return all({refused(::klogctl(10, nullptr, 0)), refused(::klogctl(3, nullptr, 0))});
}

Result sys_is_read_only(const Planted&) {
  struct statvfs facts {};
  if (names_in("/sys").empty() || ::statvfs("/sys", &facts) < 0) return holds();
  return (facts.f_flag & ST_RDONLY) != 0 ? holds() : open_because("/sys is writable");
}

Result special_file_systems_empty(const Planted&) {
  return directories_empty({"/sys/kernel/debug", "/sys/kernel/tracing", "/sys/fs/bpf", "/sys/kernel/security",
                            "/sys/firmware/efi/efivars", "/sys/kernel/config", "/sys/fs/fuse/connections"});
}

std::string writable_cgroup_file(const std::string& directory) {
  for (const char* name : {"cgroup.procs", "release_agent", "cgroup.subtree_control", "memory.max", "tasks"})
    if (can_open(directory + "/" + name, O_WRONLY)) return directory + "/" + name;
  return "";
}

Result cgroup_files_closed(const Planted&) {
  std::vector<std::string> directories{"/sys/fs/cgroup"};
  for (const std::string& name : names_in("/sys/fs/cgroup")) directories.push_back("/sys/fs/cgroup/" + name);
  const std::string own = read_text("/proc/self/cgroup");
  const std::size_t at = own.rfind(':');
  if (at != std::string::npos)
    directories.push_back("/sys/fs/cgroup" + own.substr(at + 1, own.find('\n', at) - at - 1));
  for (const std::string& directory : directories) {
    const std::string found = writable_cgroup_file(directory);
    if (!found.empty()) return open_because("opened for writing: " + found);
  }
  return holds();
}

Result runtime_binary_closed(const Planted&) {
  return ::access("/proc/1/exe", W_OK) == 0 ? open_because("/proc/1/exe may be written") : holds();
}

Result init_environ_closed(const Planted&) { return shows_nothing({"/proc/1/environ"}); }

Result init_memory_closed(const Planted&) {
  return can_open("/proc/1/mem", O_RDONLY) ? open_because("opened /proc/1/mem") : holds();
}

constexpr Check kChecks[] = {
    {"PR01", "/proc/kcore shows nothing", kcore_masked},
    {"PR02", "/proc/keys shows nothing", keys_masked},
    {"PR03", "kernel and hardware details show nothing", kernel_details_masked},
    {"PR04", "/proc/sysrq-trigger cannot be written", sysrq_closed},
    {"PR05", "global sysctls cannot be written", sysctls_closed},
    {"PR06", "/proc/irq, bus, fs and mtrr cannot be written", proc_hardware_files_closed},
    {"PR07", "no process of the host is visible", host_processes_invisible},
    {"PR08", "/proc belongs to the own process namespace", proc_is_own},
    {"PR09", "kallsyms tells no kernel address", no_kernel_addresses},
    {"PR10", "the kernel log is closed", kernel_log_closed},
    {"PR11", "/sys is read-only or absent", sys_is_read_only},
    {"PR12", "debugfs, tracefs, bpffs and the like show nothing", special_file_systems_empty},
    {"PR13", "no cgroup file can be written", cgroup_files_closed},
    {"PR14", "the runtime's binary cannot be written through /proc/1/exe", runtime_binary_closed},
    {"PR15", "the environment of pid 1 is closed", init_environ_closed},
    {"PR16", "the memory of pid 1 is closed", init_memory_closed},
};

}  // namespace

std::span<const Check> proc_checks() { return kChecks; }

}  // namespace probe
