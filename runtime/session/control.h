// The control socket of a session: what other processes of the same user may ask of its supervisor.
//
// SOCK_SEQPACKET, a packet is a message: a JSON object of at most 64 KiB, descriptors along with it. Every request has
// "do"; every answer "ok", and with false "status", "error" and "remedy". One connection asks as often as it likes;
// with `exec` it becomes that command's, hears its events, and ends it by going (RemoteCommand).
//   status                      what is true now: "state", "commands", "ended_commands", "ran", "usage", "idle_ms"
//   freeze, thaw                every process stands still, or goes on
//   stop {"grace_ms"}, kill     the session ends: SIGTERM first, or SIGKILL at once; "verb": on whose behalf, for the
//                               record
//   exec {…}                    see `wish_of` in control_exec.cc; descriptors: the words (launch/words.h), then stdio
//   files {"labels"}            a file operation; descriptors: its words (files/request.h), a stream (files/stream.h)
//   signal {"signal"}           to the command of this connection
//   network {"change", "host", "lasts_ms"}   what the session may reach; see live_rule.h
// Anybody but this user and root is turned away (SO_PEERCRED). Whoever may ask could also kill us: this is no boundary,
// and nothing of the sandbox reaches it. Garbage costs its sender the connection.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <vector>

#include "base/json.h"
#include "base/owned_fd.h"
#include "session/output_log.h"
#include "session/remote_command.h"
#include "supervise/supervisor.h"
#include "sys/channel.h"
#include "sys/clock.h"
#include "sys/sockets.h"

namespace clawbox::session {

inline constexpr std::size_t kMostControlText = 64 << 10;

class Control {
 public:
  /// `listening` and `supervisor` outlive it. `logs`: directory for the output of detached commands; empty: there are
  /// none.
  Control(supervise::Supervisor& supervisor, const OwnedFd& listening, supervise::ExecLog::Write write, OwnedFd logs);
  ~Control();
  Control(const Control&) = delete;

  /// More to say of the session when its status is asked for: an object.
  void add_facts(std::function<Json()> facts) { facts_ = std::move(facts); }
  /// To every client that waits for a command.
  void tell(const std::string& text);

 private:
  struct Client {
    OwnedFd connection;
    sys::Peer peer;
    std::unique_ptr<RemoteCommand> command;
    bool is_over = false;  // swept by the next turn: it may be on the stack
  };
  using Entry = std::list<Client>::iterator;

  void accept();
  void hear(Entry client);
  Json answer(Entry client, const Json& request, std::vector<OwnedFd> descriptors);
  Json status() const;
  Json commands() const;
  void require_ready(const Client& client) const;
  launch::Stdio log_of_next();
  Json execute(Entry client, const Json& request, std::vector<OwnedFd> descriptors);
  Json begin(Entry client, RemoteWish wish);
  void note_end(Client& client, const Json& record);
  void remember_end(const Json& record);
  Json end_session(const Json& request);
  bool send(Client& client, const Json& message, int descriptor = -1) const;
  void close(Client& client);
  void sweep();

  supervise::Supervisor& supervisor_;
  const OwnedFd& listening_;
  supervise::ExecLog::Write write_;
  OwnedFd logs_;
  std::function<Json()> facts_;
  std::list<Client> clients_;
  std::list<OutputLog> output_logs_;
  Json ended_ = Json::array();  // the last commands
  std::chrono::microseconds active_ = sys::boot_time();
};

/// What an exec request wishes: {"ends": ["null"|"terminal"|"passed", …], "terminal": its bytes as numbers,
/// "labels", "time_ms", "detach"}. Throws Error(kUsage) for what no client of ours sends.
RemoteWish wish_of(const Json& request, std::vector<OwnedFd> descriptors, const Plan& plan);
RemoteWish file_wish_of(const Json& request, std::vector<OwnedFd> descriptors);

}  // namespace clawbox::session
