// Named egress: ways round the list, each tried from inside.
#include <sys/un.h>

#include <cstddef>

#include "egress_world.h"

using namespace clawbox::test;
using clawbox::Json;

namespace {

// A loopback link that can be switched off, a table that can be flushed, a route that can be taken: what owns the
// network can do these, and its own root must not.
constexpr const char* kTouchNetwork =
    "import socket, fcntl, struct, errno, sys, ctypes\n"
    "if len(sys.argv) > 1 and ctypes.CDLL(None).unshare(0x10000000) != 0: print('no namespace')\n"  // CLONE_NEWUSER
    "def tried(act):\n"
    "  try:\n    act()\n    return 'done'\n"
    "  except OSError as error:\n    return errno.errorcode[error.errno]\n"
    "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
    "down = struct.pack('16sh14x', b'lo', 0)\n"
    "print(tried(lambda: fcntl.ioctl(s, 0x8914, down)))\n"  // SIOCSIFFLAGS
    "def flush():\n"
    "  n = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)\n"  // NETLINK_NETFILTER
    "print(tried(flush))\n"
    "def unroute():\n"
    "  n = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)\n"
    // RTM_DELROUTE of `local default` in table local, with an answer asked for
    "  body = struct.pack('BBBBBBBBI', 2, 0, 0, 0, 255, 4, 254, 2, 0)\n"
    "  n.send(struct.pack('IHHII', 16 + len(body), 25, 5, 1, 0) + body)\n"
    "  error = struct.unpack('i', n.recv(4096)[16:20])[0]\n"
    "  if error: raise OSError(-error, 'netlink')\n"
    "print(tried(unroute))\n";

}  // namespace

TEST_CASE("the session's own root, with all capabilities in a namespace of its own, cannot touch the network") {
  if (no_names_here()) return;
  if (!find_program("unshare")) return skip("set-up: unshare is not installed");
  const Server server(say_hello);
  const EgressWorld world({server.port()}, "",
                          "[identity]\nnested_user_namespaces = true\n[syscalls]\nrefuse_remove = "
                          "['@namespace']\nallow_add = ['@namespace']\n");
  write_file(world.workspace() + "/touch.py", kTouchNetwork);
  const Finished finished =
      world.inside("python3 touch.py apart; python3 touch.py; " + talk("listed.test", server.port()));
  INFO(finished.err);
  CHECK(finished.out == "EPERM\nEPROTONOSUPPORT\nEPERM\nEPERM\nEPROTONOSUPPORT\nEPERM\nhello\n");
  // With a network of its own it has less, not more.
  const Finished apart = world.inside("unshare -Un bash -c '" + talk("listed.test", server.port()) + "'");
  CHECK(apart.status != 0);
  CHECK(apart.out.empty());
}

TEST_CASE("sockets that would pass the list by cannot be made") {
  const EgressWorld world({"1"});
  const Finished finished = world.python(
      "import socket\n"
      "def made(*what):\n"
      "  try:\n    socket.socket(*what)\n    return True\n"
      "  except OSError:\n    return False\n"
      "print(made(40, socket.SOCK_STREAM, 0), made(socket.AF_PACKET, socket.SOCK_RAW, 0),\n"
      "      made(socket.AF_INET, socket.SOCK_STREAM, 132), made(socket.AF_INET, socket.SOCK_RAW, 1),\n"
      "      made(socket.AF_NETLINK, socket.SOCK_RAW, 12), made(socket.AF_NETLINK, socket.SOCK_RAW, 4))\n"
      "print(made(socket.AF_INET, socket.SOCK_STREAM, 0), made(socket.AF_NETLINK, socket.SOCK_RAW, 0))\n");
  INFO(finished.err);
  CHECK(finished.out == "False False False False False False\nTrue True\n");
}

TEST_CASE("data with the first packet of a connection does not go past the list") {
  const EgressWorld world({"1"});
  const Finished finished = world.python(
      "import socket\n"
      "s = socket.socket()\n"
      "try:\n  s.sendto(b'x', socket.MSG_FASTOPEN, ('198.51.100.7', 443))\n  print('sent')\n"
      "except OSError as error:\n  print(error.errno)\n");
  INFO(finished.err);
  CHECK(finished.out == "111\n");
}

TEST_CASE("a connection of several paths has none but the list's") {
  if (no_names_here()) return;
  const Server server(say_hello);
  const EgressWorld world({server.port()});
  const Finished finished = world.python(
      "import socket, errno\n"
      "def mptcp():\n"
      "  try:\n    return socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)\n"
      "  except OSError:\n    return None\n"
      "s = mptcp()\n"
      "print(s is None or errno.errorcode[s.connect_ex(('198.51.100.7', 443))])\n"
      "s = mptcp()\n"
      "if s: s.connect(('listed.test', " +
      server.port() + "))\nprint(s is None or s.recv(9))\n");
  INFO(finished.err);
  CHECK((finished.out == "ECONNREFUSED\nb'hello\\n'\n" || finished.out == "True\nTrue\n"));
}

TEST_CASE("a socket is no other one's after it was disconnected") {
  if (no_names_here()) return;
  const Server server(say_hello);
  const EgressWorld world({server.port()});
  const Finished finished = world.python(
      "import socket, ctypes, errno, struct\n"
      "libc = ctypes.CDLL(None, use_errno=True)\n"
      "s = socket.create_connection(('listed.test', " +
      server.port() +
      "))\nprint(s.recv(9))\n"
      "libc.connect(s.fileno(), struct.pack('H14x', 0), 16)\n"  // AF_UNSPEC
      "print(errno.errorcode[s.connect_ex(('2001:db8::9', 443))])\n");
  INFO(finished.err);
  CHECK(finished.out == "b'hello\\n'\nECONNREFUSED\n");
}

TEST_CASE("services of the host that listen at unix sockets are not there, and nothing asks names of them") {
  const EgressWorld world({"1"});
  const int abstract = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{AF_UNIX, "\0clawbox-test-host-service"};
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 26);
  REQUIRE(::bind(abstract, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(abstract, 1) == 0);
  const Finished finished = world.python(
      "import os, socket\n"
      "s = socket.socket(socket.AF_UNIX)\n"
      "try:\n  s.connect('\\0clawbox-test-host-service')\n  print('connected')\n"
      "except OSError as error:\n  print(type(error).__name__)\n"
      "for path in ('/run/docker.sock', '/var/run/docker.sock', '/run/dbus/system_bus_socket', '/run/nscd/socket',\n"
      "             '/run/systemd/resolve/io.systemd.Resolve', '/run/containerd/containerd.sock', '/run/user'):\n"
      "  if os.path.exists(path): print(path)\n"
      "print([line for line in open('/etc/nsswitch.conf') if line.startswith('hosts')])\n");
  ::close(abstract);
  INFO(finished.err);
  CHECK(finished.out == "ConnectionRefusedError\n['hosts: files dns\\n']\n");
}

TEST_CASE("what speaks DNS to another server is answered by the session's own, and opcodes it does not know are too") {
  const EgressWorld world({"1"});
  const Finished finished = world.python(
      "import socket, struct\n"
      "question = b'\\x0bnot-listed1\\x04test\\0' + struct.pack('>HH', 1, 1)\n"
      "for server, opcode in (('8.8.8.8', 0), ('127.0.0.53', 0), ('198.18.0.1', 0), ('8.8.8.8', 5)):\n"
      "  s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(20); s.connect((server, 53))\n"
      "  s.send(struct.pack('>HHHHHH', 7, opcode << 11, 1, 0, 0, 0) + question)\n"
      "  print(struct.unpack('>HH', s.recv(600)[:4])[1] & 15)\n"
      "s = socket.create_connection(('8.8.4.4', 53)); s.settimeout(20)\n"
      "query = struct.pack('>HHHHHH', 7, 0, 1, 0, 0, 0) + question\n"
      "s.send(struct.pack('>H', len(query)) + query); print(struct.unpack('>HH', s.recv(600)[2:6])[1] & 15)\n");
  INFO(finished.err);
  CHECK(finished.out == "3\n3\n3\n4\n3\n");
}
