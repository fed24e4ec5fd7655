#include <fcntl.h>
#include <linux/keyctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "probe/check.h"

namespace probe {
namespace {

/// `name` is a path, or begins with '@' for an abstract one.
bool connects_unix(const std::string& name, int type) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, name.data(), name.size());
  if (name[0] == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (name[0] == '@' ? 0 : 1));
  const int fd = ::socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0;
  ::close(fd);
  return connected;
}

Result unreachable(const std::string& name) {
  for (const int type : {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM})
    if (connects_unix(name, type)) return open_because("connected to " + name);
  return holds();
}

Result none_reachable(std::initializer_list<const char*> paths) {
  for (const char* path : paths) {
    const Result result = unreachable(path);
    if (result.verdict != Verdict::kHolds) return result;
  }
  return holds();
}

Result planted_unreachable(const Planted& planted, const char* name) {
  const auto path = fact(planted, name);
  return path ? unreachable(*path) : not_applicable("no such socket was planted");
}

/// Sockets that services keep in the caller's runtime directory; those of the test's own directory were planted.
Result runtime_unreachable(const Planted& planted, std::initializer_list<const char*> names) {
  const auto directory = fact(planted, "runtime_dir");
  if (!directory) return not_applicable("no runtime directory was planted");
  const std::string real = "/run/user/" + std::to_string(::getuid());
  for (const char* name : names)
    for (const std::string& place : {*directory, real}) {
      const Result result = unreachable(place + "/" + name);
      if (result.verdict != Verdict::kHolds) return result;
    }
  return holds();
}

Result own_ipc_namespace(const Planted& planted) { return differs_from_host(planted, "ipc"); }
Result abstract_stream(const Planted& planted) { return planted_unreachable(planted, "abstract_stream"); }
Result abstract_datagram(const Planted& planted) { return planted_unreachable(planted, "abstract_datagram"); }
Result path_socket(const Planted& planted) { return planted_unreachable(planted, "path_socket"); }

Result sysv_memory(const Planted& planted) {
  const auto key = fact(planted, "shm_key");
  if (!key) return not_applicable("no segment was planted");
  const auto number = static_cast<key_t>(std::strtol(key->c_str(), nullptr, 10));
  return failed(::shmget(number, 0, 0), "found the planted segment");
}

Result posix_memory(const Planted& planted) {
  const auto name = fact(planted, "shm_name");
  if (!name) return not_applicable("no object was planted");
  return can_open("/dev/shm/" + *name, O_RDONLY) ? open_because("opened the planted object") : holds();
}

Result keyctl_refused(const Planted&) {
  return refused(::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_THREAD_KEYRING, 1));
}

Result add_key_refused(const Planted&) {
  return all({refused(::syscall(SYS_add_key, "clawbox-none", "x", "", 0, KEY_SPEC_THREAD_KEYRING)),
              refused(::syscall(SYS_request_key, "clawbox-none", "x", nullptr, 0))});
}

Result session_bus(const Planted& planted) {
  return runtime_unreachable(planted, {"bus", "at-spi/bus_0", "systemd/private"});
}
Result system_bus(const Planted&) {
  return none_reachable({"/run/dbus/system_bus_socket", "/var/run/dbus/system_bus_socket"});
}

Result x11(const Planted& planted) {
  return all({planted_unreachable(planted, "x11_path"), planted_unreachable(planted, "x11_abstract"),
              none_reachable({"/tmp/.X11-unix/X0", "@/tmp/.X11-unix/X0", "/tmp/.X11-unix/X1", "@/tmp/.X11-unix/X1"})});
}

Result desktop_sockets(const Planted& planted) {
  return runtime_unreachable(planted, {"wayland-0", "pipewire-0", "pulse/native"});
}

Result agents(const Planted& planted) {
  return runtime_unreachable(planted,
                             {"ssh-agent.socket", "gnupg/S.gpg-agent", "keyring/ssh", "keyring/control", "gcr/ssh"});
}

Result container_engines(const Planted& planted) {
  return all({runtime_unreachable(planted, {"docker.sock", "podman/podman.sock"}),
              none_reachable({"/run/docker.sock", "/var/run/docker.sock", "/run/containerd/containerd.sock",
                              "/run/podman/podman.sock", "/run/libvirt/libvirt-sock", "/var/lib/lxd/unix.socket",
                              "/run/crio/crio.sock"})});
}

Result system_services(const Planted&) {
  return none_reachable({"/dev/log", "/run/systemd/journal/socket", "/run/systemd/journal/stdout",
                         "/run/systemd/journal/dev-log", "/run/systemd/private", "/run/systemd/notify",
                         "/run/udev/control", "/run/nscd/socket", "/run/snapd.socket", "/run/cups/cups.sock",
                         "/run/systemd/resolve/io.systemd.Resolve", "/run/systemd/userdb/io.systemd.DynamicUser"});
}

constexpr Check kChecks[] = {
    {"IP01", "the ipc namespace is its own", own_ipc_namespace},
    {"IP02", "abstract stream sockets of the host are out of reach", abstract_stream},
    {"IP03", "abstract datagram sockets of the host are out of reach", abstract_datagram},
    {"IP04", "sockets in the host's file system are out of reach", path_socket},
    {"IP05", "System V shared memory of the host is invisible", sysv_memory},
    {"IP06", "POSIX shared memory of the host is invisible", posix_memory},
    {"IP07", "keyctl is refused", keyctl_refused},
    {"IP08", "add_key and request_key are refused", add_key_refused},
    {"IP09", "the session bus is out of reach", session_bus},
    {"IP10", "the system bus is out of reach", system_bus},
    {"IP11", "X11 is out of reach, by path and by abstract name", x11},
    {"IP12", "Wayland, PipeWire and Pulse are out of reach", desktop_sockets},
    {"IP13", "ssh, gpg and key-ring agents are out of reach", agents},
    {"IP14", "container engines are out of reach", container_engines},
    {"IP15", "log, journal, systemd, udev and printing are out of reach", system_services},
};

}  // namespace

std::span<const Check> ipc_checks() { return kChecks; }

}  // namespace probe
