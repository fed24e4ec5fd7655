#include "session/control.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "base/error.h"
#include "base/text.h"
#include "session/error_json.h"
#include "sys/clock.h"
#include "sys/files.h"
#include "sys/sockets.h"

namespace clawbox::session {
namespace {

using namespace std::chrono_literals;

constexpr uint64_t kMostLogged = uint64_t{16} << 20;  // bytes of what one detached command printed
constexpr std::size_t kLongestVerb = 40;
constexpr std::size_t kMostClients = 1000;
constexpr std::size_t kMostEnded = 64;        // commands that have ended, of which the status tells
constexpr std::size_t kMostFacts = 32 << 10;  // bytes of what it tells of those that run; of others no more than that

Json refusal(const Error& error) {
  Json json{{"ok", false}};
  json.update(as_json(error));
  return json;
}

int64_t milliseconds_since(std::chrono::microseconds then) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(sys::boot_time() - then).count();
}

}  // namespace

Control::Control(supervise::Supervisor& supervisor, const OwnedFd& listening, supervise::ExecLog::Write write,
                 OwnedFd logs)
    : supervisor_(supervisor), listening_(listening), write_(std::move(write)), logs_(std::move(logs)) {
  supervisor_.loop().watch(listening_.get(), EPOLLIN, [this](uint32_t) { accept(); });
}

Control::~Control() {
  supervisor_.loop().forget(listening_.get());
  for (Client& client : clients_) close(client);
}

void Control::tell(const std::string& text) {
  for (Client& client : clients_)
    if (client.command) send(client, {{"event", "notice"}, {"text", text}});
}

void Control::accept() {
  sweep();
  auto connection = sys::accept_one(listening_);
  if (!connection || clients_.size() >= kMostClients) return;
  const sys::Peer peer = sys::peer_of(*connection);
  if (peer.uid != ::geteuid() && peer.uid != 0) return;
  const Entry client = clients_.insert(clients_.end(), Client{std::move(*connection), peer, nullptr});
  supervisor_.loop().watch(client->connection.get(), EPOLLIN, [this, client](uint32_t) { hear(client); });
}

/// Not now: the command or the connection that is over may be what called us.
void Control::sweep() {
  clients_.remove_if([](const Client& client) { return client.is_over && !client.connection; });
  output_logs_.remove_if([](const OutputLog& log) { return log.is_over(); });
}

void Control::close(Client& client) {
  if (client.connection) supervisor_.loop().forget(client.connection.get());
  client.connection.reset();
  if (client.command) client.command->abandon();
  client.is_over = !client.command;
}

void Control::hear(Entry client) {
  Json reply;
  try {
    auto message = sys::receive_text(client->connection, kMostControlText);
    if (!message) return close(*client);
    reply = answer(client, Json::parse(message->text), std::move(message->descriptors));
  } catch (const SysError&) {
    return close(*client);
  } catch (const Error& error) {
    reply = refusal(error);
  } catch (const Json::exception&) {
    return close(*client);
  }
  if (!reply.is_null() && !send(*client, reply)) close(*client);
}

Json Control::answer(Entry client, const Json& request, std::vector<OwnedFd> descriptors) {
  const auto what = request.at("do").get<std::string>();
  if (what == "status") return status();
  if (what == "exec") return execute(client, request, std::move(descriptors));
  if (what == "files") return require_ready(*client), begin(client, file_wish_of(request, std::move(descriptors)));
  if (what == "freeze") return supervisor_.freeze(), Json{{"ok", true}};
  if (what == "thaw") return supervisor_.thaw(), Json{{"ok", true}};
  if (what == "network") {
    const sys::Peer& peer = client->peer;
    supervisor_.change_network(request, fmt::format("uid {}, pid {}", peer.uid, peer.pid));
    return {{"ok", true}};
  }
  if (what == "stop" || what == "kill") return end_session(request);
  if (what == "signal" && client->command) return client->command->signal(request.at("signal").get<int>()), Json();
  throw Error(ExitStatus::kNotSupported, fmt::format("the session does not know {}", in_quotes(what)),
              "its supervisor is of another version of clawbox: end the session, and create it anew");
}

Json Control::end_session(const Json& request) {
  const auto what = request.at("do").get<std::string>();
  const bool at_once = what == "kill";
  Outcome outcome;
  outcome.ended_by = EndedBy::kStopped;
  outcome.exit_status = static_cast<int>(ExitStatus::kSignalBase) + (at_once ? SIGKILL : SIGTERM);
  outcome.detail = fmt::format("{} by `clawbox {}`", at_once ? "killed" : "ended",
                               escaped(request.value("verb", what), kLongestVerb));
  supervisor_.end(outcome, at_once ? 0ms : std::chrono::milliseconds(request.at("grace_ms").get<uint32_t>()));
  return {{"ok", true}};
}

/// No longer than a packet takes, however many commands there are.
Json Control::commands() const {
  Json commands = Json::array();
  std::size_t size = 0;
  for (const Client& client : clients_) {
    if (!client.command) continue;
    Json facts = client.command->facts();
    size += facts.dump().size();
    commands.push_back(size <= kMostFacts ? std::move(facts) : Json{{"command", client.command->number()}});
  }
  return commands;
}

Json Control::status() const {
  const supervise::Usage usage = supervisor_.usage();
  const char* state = supervisor_.is_ending() ? "ending" : supervisor_.is_frozen() ? "frozen" : "running";
  Json status{{"ok", true}, {"state", state}, {"commands", commands()}, {"ran", supervisor_.commands().count()}};
  status["ended_commands"] = ended_;
  status["usage"] = {{"cpu_ms", usage.cpu.count()}, {"processes", usage.processes}, {"resident", usage.resident}};
  const bool busy = supervisor_.commands().running() != 0;
  if (facts_) status.update(facts_());
  status["idle_ms"] = busy ? 0 : milliseconds_since(active_);
  return status;
}

void Control::require_ready(const Client& client) const {
  if (client.command) throw Error(ExitStatus::kUsage, "this connection has a command already");
  if (supervisor_.is_ending()) throw Error(ExitStatus::kSessionBusy, "the session is ending", "create another one");
  if (supervisor_.is_frozen())
    throw Error(ExitStatus::kSessionBusy, "the session is frozen: a command would stand still with it",
                "`clawbox thaw` lets it go on");
}

launch::Stdio Control::log_of_next() {
  if (!logs_)
    throw Error(ExitStatus::kSessionBusy,
                "the session of a `clawbox run` has no place for the output of a detached command",
                "leave out --detach, or make a session with `clawbox create`");
  const std::string name = std::to_string(supervisor_.commands().count() + 1);
  return output_logs_.emplace_back(supervisor_.loop(), LogFile(logs_, name, kMostLogged)).take_ends();
}

Json Control::execute(Entry client, const Json& request, std::vector<OwnedFd> descriptors) {
  sweep();
  require_ready(*client);
  RemoteWish wish = wish_of(request, std::move(descriptors), supervisor_.plan());
  if (wish.tie == RemoteWish::Tie::kDetached) wish.stdio = log_of_next();
  return begin(client, std::move(wish));
}

Json Control::begin(Entry client, RemoteWish wish) {
  client->command = std::make_unique<RemoteCommand>(
      supervisor_, write_,
      [this, client](const Json& event, int descriptor) { return send(*client, event, descriptor); },
      [this, client](const Json& record) { note_end(*client, record); });
  try {
    client->command->start(std::move(wish));
  } catch (const std::exception&) {
    client->command.reset();
    throw;
  }
  return {{"ok", true}, {"command", client->command->number()}};
}

void Control::note_end(Client& client, const Json& record) {
  active_ = sys::boot_time();
  if (!client.command->is_file_operation()) remember_end(record);
  const std::unique_ptr<RemoteCommand> last = std::move(client.command);  // until this returns
  if (!client.connection) client.is_over = true;
}

void Control::remember_end(const Json& record) {
  Json told;
  for (const char* field : {"command", "exit_status", "wall_ms"}) told[field] = record.at(field);
  told["ended_by"] = record.value("ended_by", "failed");
  if (ended_.size() == kMostEnded) ended_.erase(ended_.begin());
  ended_.push_back(std::move(told));
}

bool Control::send(Client& client, const Json& message, int descriptor) const try {
  if (!client.connection) return false;
  const std::array<int, 1> descriptors{descriptor};
  return sys::send_text(client.connection, message.dump(-1, ' ', false, Json::error_handler_t::replace),
                        std::span(descriptors).first(descriptor >= 0 ? 1 : 0));
} catch (const SysError&) {
  ::shutdown(client.connection.get(), SHUT_RDWR);  // it does not read, and would wait for ever for what it missed
  return false;
}

}  // namespace clawbox::session
