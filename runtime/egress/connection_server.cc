// The server's side of a connection until bytes pass: the look-up, the dial, the tunnel.
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "base/error.h"
#include "egress/connection.h"
#include "egress/tunnel.h"

namespace clawbox::egress {
namespace {

constexpr std::size_t kMostTunnelHead = 8192;

}  // namespace

bool Connection::uses_proxy() const {
  return services_.list.upstream && target_.direct.empty() && !target_.host.empty() &&
         !goes_past(*services_.list.upstream, target_.host);
}

void Connection::look_up() {
  if (!target_.direct.empty()) return dial_direct();
  if (target_.host.empty()) return take_answer({{target_.asked.address}, ""});
  ask_for(target_.host, uses_proxy() ? &Connection::take_answer_ahead_of_proxy : &Connection::take_answer);
}

void Connection::ask_for(const std::string& name, TakeAnswer take) {
  phase_ = Phase::kResolving;
  until_ = Clock::now() + services_.patience.look_up;
  // An answer at once comes before `ask` has returned, and may have asked for another name.
  const uint64_t question = services_.resolver.ask(name, [this, take](const Resolver::Answer& answer) {
    question_ = 0;
    if (phase_ == Phase::kResolving) (this->*take)(answer);
  });
  if (question != 0) question_ = question;
}

/// The profile named it, so nothing is checked but what a person has denied since.
void Connection::dial_direct() {
  for (const sys::Endpoint& one : target_.direct) {
    const auto why = services_.rules.denial(one.address, one.port);
    if (why && target_.side == Target::Side::kHost) return reset(News::Outcome::kDenied, *why);
  }
  dial(target_.direct);
}

void Connection::take_answer(const Resolver::Answer& answer) {
  std::vector<sys::Endpoint> candidates;
  std::string objection;
  for (const IpAddress& address : answer.addresses) {
    const uint16_t port = target_.asked.port;
    const auto found = services_.reachable.objection(address, port, Transport::kTcp, services_.rules);
    if (found) objection = *found;
    if (!found) candidates.push_back({address, port});
  }
  if (!candidates.empty()) return dial(interleaved(candidates));
  if (!objection.empty()) return reset(News::Outcome::kDenied, objection);
  reset(News::Outcome::kUnreachable, fmt::format("its name has no address here: {}", answer.problem));
}

// Which of the name's addresses the proxy dials is its own choice: all must be such as we would dial. A name without an
// address here, as in a network whose names only the proxy can look up, leaves nothing to check.
void Connection::take_answer_ahead_of_proxy(const Resolver::Answer& answer) {
  for (const IpAddress& address : answer.addresses)
    if (const auto objection =
            services_.reachable.objection(address, target_.asked.port, Transport::kTcp, services_.rules))
      return reset(News::Outcome::kDenied, *objection);
  ask_for(services_.list.upstream->host, &Connection::take_proxy);
}

void Connection::take_proxy(const Resolver::Answer& answer) {
  std::vector<sys::Endpoint> candidates;
  for (const IpAddress& address : answer.addresses) candidates.push_back({address, services_.list.upstream->port});
  if (!candidates.empty()) return dial(interleaved(candidates));
  reset(News::Outcome::kUnreachable, fmt::format("the host's proxy has no address here: {}", answer.problem));
}

void Connection::dial(std::vector<sys::Endpoint> candidates) {
  phase_ = Phase::kDialling;
  until_ = Clock::now() + services_.patience.dial;
  Dialler::Source source;
  source.make = [](IpAddress::Family family) { return sys::inet_socket(family, SOCK_STREAM); };
  if (target_.side == Target::Side::kInside) {
    Spares& spares = services_.spares;
    source.make = [&spares](IpAddress::Family family) { return spares.take(family, SOCK_STREAM); };
    source.give_back = [&spares](IpAddress::Family family, OwnedFd tried) {
      spares.give_back(family, std::move(tried));
    };
  }
  dialler_ = std::make_unique<Dialler>(services_.loop, services_.patience, std::move(candidates), std::move(source),
                                       [this](Dialler::Result result) { take_server(std::move(result)); });
  dialler_->begin();
}

void Connection::take_server(Dialler::Result result) {
  if (phase_ != Phase::kDialling) return;
  const std::unique_ptr<Dialler> others = std::move(dialler_);  // the attempts that lost end here
  if (!result.socket) return reset(News::Outcome::kUnreachable, result.problem);
  if (!uses_proxy()) peer_ = result.peer;
  server_.socket = std::move(result.socket);
  server_.readable = server_.writable = true;
  sys::send_without_delay(server_.socket);
  sys::keep_alive(server_.socket);
  if (target_.side == Target::Side::kHost) sys::end_with_reset(server_.socket, true);
  try {
    services_.loop.watch(server_.socket.get(), End::kEvents, [this](uint32_t events) { hear_server(events); });
  } catch (const SysError& error) {  // for want of memory or watches
    return reset(News::Outcome::kFailed, error.what());
  }
  if (uses_proxy()) return ask_tunnel();
  phase_ = Phase::kPassing;
  if (passed_) return pass();
  move();
}

void Connection::ask_tunnel() {
  const std::string way =
      fmt::format("through the host's proxy {}:{}", services_.list.upstream->host, services_.list.upstream->port);
  target_.why = target_.why.empty() ? way : fmt::format("{}; {}", target_.why, way);
  phase_ = Phase::kTunnelling;
  until_ = Clock::now() + services_.patience.tunnel;
  const std::string head = tunnel_request(*services_.list.upstream, target_.host, target_.asked.port);
  if (::send(server_.socket.get(), head.data(), head.size(), MSG_NOSIGNAL | MSG_DONTWAIT) !=
      static_cast<ssize_t>(head.size()))
    return reset(News::Outcome::kUnreachable, "the host's proxy does not take the request");
  read_tunnel();
}

void Connection::read_tunnel() {
  std::array<char, 4096> buffer;
  while (server_.readable) {
    const ssize_t got = ::recv(server_.socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) server_.readable = false;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return reset(News::Outcome::kUnreachable, "the host's proxy ended the connection");
    answer_.append(buffer.data(), static_cast<std::size_t>(got));
    const TunnelAnswer answer = tunnel_answer(answer_);
    if (answer.state == TunnelAnswer::State::kRefused)
      return reset(News::Outcome::kUnreachable, fmt::format("the host's proxy answers {}", answer.status));
    if (answer.state == TunnelAnswer::State::kNeedMore && answer_.size() <= kMostTunnelHead) continue;
    if (answer.state == TunnelAnswer::State::kNeedMore)
      return reset(News::Outcome::kUnreachable, "the host's proxy answers too much");
    down_.put_first(answer_.substr(answer.head));
    phase_ = Phase::kPassing;
    return passed_ ? pass() : move();
  }
}

}  // namespace clawbox::egress
