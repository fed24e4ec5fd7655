#include "egress/connection.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/error.h"

namespace clawbox::egress {
namespace {

constexpr std::size_t kMostHeld = std::size_t{128} << 10;   // more than any opening may be
constexpr std::size_t kHeldInNeed = std::size_t{16} << 10;  // than a usual one is

/// Against RST on data that nobody has read, which would overtake the last words.
void discard_input(const OwnedFd& socket) {
  std::array<char, 4096> buffer;
  for (int i = 0; i < 64 && ::recv(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT) > 0; ++i) {
  }
}

}  // namespace

Connection::Connection(Services& services, uint32_t id, OwnedFd client, Target target)
    : services_(services),
      id_(id),
      target_(std::move(target)),
      opening_(target_.host, target_.asked.port, target_.speaks, services.list.ech),
      up_(services.pool),
      down_(services.pool) {
  client_.socket = std::move(client);
  client_.readable = client_.writable = true;
}

Connection::~Connection() {
  if (client_.socket) services_.loop.forget(client_.socket.get());
  if (server_.socket) services_.loop.forget(server_.socket.get());
  if (question_ != 0) services_.resolver.forget(question_);
  services_.pool.let_go(held_.size());
}

News Connection::news(News::Kind kind) const {
  News news;
  news.kind = kind;
  news.protocol = IPPROTO_TCP;
  news.id = id_;
  news.port = target_.asked.port;
  news.client_port = client_port_;
  put_text(news.name, target_.host);
  if (target_.rule) put_text(news.rule, to_string(*target_.rule));
  news.set_address(peer_ ? peer_->address : target_.asked.address);
  return news;
}

void Connection::begin() {
  if (const auto program = sys::remote_endpoint(client_.socket)) client_port_ = program->port;
  sys::end_with_reset(client_.socket, true);  // a relay that dies must not look like a server that has said all
  services_.outbox.tell(news(News::Kind::kBegan));
  services_.loop.watch(client_.socket.get(), End::kEvents, [this](uint32_t events) { hear_client(events); });
  if (opening_.dial() == Opening::Dial::kAfterPass) opening_until_ = Clock::now() + services_.patience.opening;
  apply(opening_.begin());
  if (phase_ == Phase::kOpening && opening_.dial() == Opening::Dial::kAtOnce) look_up();
}

void Connection::hear_client(uint32_t events) {
  client_.note(events);
  if (phase_ == Phase::kLingering) {
    discard_input(client_.socket);
    if ((events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0) be_over();
    return;
  }
  if (phase_ != Phase::kOver && !passed_) read_opening();
  // Gone before there is a server: nothing is left to be done for it.
  if ((events & (EPOLLHUP | EPOLLERR)) != 0 && phase_ < Phase::kPassing)
    return reset(News::Outcome::kFailed, "the program went away");
  if (phase_ == Phase::kPassing) move();
}

void Connection::hear_server(uint32_t events) {
  server_.note(events);
  if (phase_ == Phase::kTunnelling) return read_tunnel();
  if (phase_ == Phase::kPassing) move();
}

void Connection::read_opening() {
  std::array<char, 16384> buffer;
  while (!passed_ && client_.readable && phase_ != Phase::kOver && phase_ != Phase::kLingering) {
    const ssize_t got = ::recv(client_.socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno != EINTR) client_.readable = false;
    if (got < 0) continue;
    if (got == 0) {
      client_ended_ = true;
      client_.readable = false;
      return apply(opening_.client_ended());
    }
    if (!opening_until_) opening_until_ = Clock::now() + services_.patience.opening;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
    held_ += bytes;
    services_.pool.hold(bytes.size());
    if (held_.size() > (services_.pool.is_full() ? kHeldInNeed : kMostHeld))
      return refuse("its first bytes say too much before they name a host", "");
    apply(opening_.feed(bytes));
  }
}

void Connection::apply(const Opening::Step& step) {
  if (const auto* refusal = std::get_if<Opening::Refuse>(&step)) return refuse(refusal->why, refusal->reply);
  if (!std::holds_alternative<Opening::Pass>(step) || passed_) return;
  passed_ = true;
  opening_until_.reset();
  if (phase_ == Phase::kOpening) return look_up();
  if (phase_ == Phase::kPassing) pass();
}

/// The client's first bytes go ahead, now that they may.
void Connection::pass() {
  services_.pool.let_go(held_.size());
  if (!held_.empty()) up_.put_first(std::exchange(held_, {}));
  if (client_ended_) up_.source_ended();
  move();
}

void Connection::move() {
  const Flow::Step down = down_.move(server_, client_);
  if (!passed_ && down_.bytes() > 0) apply(opening_.server_spoke());
  if (phase_ != Phase::kPassing) return;
  const Flow::Step up = passed_ ? up_.move(client_, server_) : Flow::Step::kWaits;
  services_.bytes += up_.bytes() + down_.bytes() - std::exchange(counted_, up_.bytes() + down_.bytes());
  if (up == Flow::Step::kBroken || down == Flow::Step::kBroken) {
    // What the other side still has to say would have nobody to hear it.
    return reset(News::Outcome::kConnected, "reset by one side");
  }
  if (services_.is_over_budget()) return reset(News::Outcome::kOverBudget, "network.bytes of the session are used up");
  if (up_.has_ended() && down_.has_ended()) return end(News::Outcome::kConnected, "");
  if (up == Flow::Step::kMore || down == Flow::Step::kMore) services_.go_on_later(id_);
}

void Connection::go_on() {
  if (phase_ == Phase::kPassing) move();
}

void Connection::tick(Clock::time_point now) {
  if (opening_until_ && now >= *opening_until_ && !passed_) apply(opening_.time_is_up());
  if (phase_ == Phase::kLingering && now >= until_) be_over();
  if (phase_ == Phase::kResolving && now >= until_)
    return reset(News::Outcome::kUnreachable, "its name was not found in time");
  if (phase_ == Phase::kTunnelling && now >= until_)
    return reset(News::Outcome::kUnreachable, "the host's proxy does not answer");
  if (phase_ != Phase::kDialling) return;
  if (now >= until_) return reset(News::Outcome::kUnreachable, "no address answers");
  dialler_->tick(now);
}

void Connection::judge_again() {
  if (is_over() || phase_ == Phase::kLingering) return;
  if (peer_ && target_.side == Target::Side::kHost)
    if (const auto why = services_.rules.denial(peer_->address, peer_->port))
      return reset(News::Outcome::kDenied, *why);
  if (!target_.rule) return;
  const Verdict verdict = target_.host.empty()
                              ? services_.rules.decide(target_.asked.address, target_.asked.port, Transport::kTcp)
                              : services_.rules.decide(target_.host, target_.asked.port, Transport::kTcp);
  if (!verdict.allowed()) return reset(News::Outcome::kDenied, verdict.why);
}

void Connection::refuse(const std::string& why, const std::string& reply) {
  if (reply.empty()) return reset(News::Outcome::kDenied, why);
  discard_input(client_.socket);
  ::send(client_.socket.get(), reply.data(), reply.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  sys::end_with_reset(client_.socket, false);
  ::shutdown(client_.socket.get(), SHUT_WR);
  tell_end(News::Outcome::kDenied, why);
  linger();
}

void Connection::linger() {
  if (server_.socket) {
    services_.loop.forget(server_.socket.get());
    sys::end_with_reset(server_.socket, false);
    server_.socket.reset();
  }
  dialler_.reset();
  phase_ = Phase::kLingering;
  until_ = Clock::now() + services_.patience.linger;
}

void Connection::tell_end(News::Outcome outcome, const std::string& why) {
  if (std::exchange(told_, true)) return;
  News news = this->news(News::Kind::kEnded);
  news.outcome = outcome;
  news.up = up_.bytes();
  news.down = down_.bytes();
  news.milliseconds =
      static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began_).count());
  put_text(news.detail, why.empty() ? target_.why : why);
  services_.outbox.tell(news);
}

void Connection::be_over() {
  if (phase_ != Phase::kOver) services_.over.push_back(id_);
  phase_ = Phase::kOver;
}

void Connection::end(News::Outcome outcome, const std::string& why) {
  tell_end(outcome, why);
  be_over();
  if (server_.socket && target_.side == Target::Side::kInside && peer_) {
    services_.loop.forget(server_.socket.get());
    services_.spares.give_back(peer_->address.family(), std::move(server_.socket));
  }
  for (End* one : {&client_, &server_}) {
    if (!one->socket) continue;
    services_.loop.forget(one->socket.get());
    sys::end_with_reset(one->socket, false);
    one->socket.reset();
  }
}

void Connection::reset(News::Outcome outcome, const std::string& why) {
  if (phase_ == Phase::kOver) return;
  for (End* one : {&client_, &server_}) {
    if (!one->socket) continue;
    if (one == &server_ && target_.side == Target::Side::kInside) continue;  // `end` keeps it
    services_.loop.forget(one->socket.get());
    sys::close_with_reset(std::move(one->socket));
  }
  end(outcome, why);
}

}  // namespace clawbox::egress
