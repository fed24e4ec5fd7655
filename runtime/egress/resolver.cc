#include "egress/resolver.h"

#include <netdb.h>
#include <poll.h>
#include <resolv.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.h"
#include "egress/confinement.h"
#include "egress/news.h"
#include "sys/channel.h"
#include "sys/inet_sockets.h"
#include "sys/processes.h"

namespace clawbox::egress {
namespace {

using namespace std::chrono_literals;

constexpr int kWorkers = 4;
constexpr unsigned kMostSeconds = 15;  // of one look-up, before its process is killed
constexpr std::size_t kMostAddresses = 16;
constexpr useconds_t kPauseAfterDeath = 100'000;
constexpr auto kKnownFor = 5s;
constexpr std::size_t kMostKnown = 1024;

struct Question {
  std::array<char, 256> name{};
};
struct Found {
  std::array<char, 256> name{};
  int32_t error = 0;  // of getaddrinfo
  uint32_t count = 0;
  std::array<std::array<uint8_t, 17>, kMostAddresses> addresses{};  // the first byte: 4 or 6
};

void add(Found& found, const IpAddress& address) {
  auto& place = found.addresses[found.count++];
  place[0] = address.is_v4() ? 4 : 6;
  const auto bytes = address.bytes();
  std::copy(bytes.begin(), bytes.end(), place.begin() + 1);
}

IpAddress address_in(const std::array<uint8_t, 17>& place) {
  if (place[0] == 4) return IpAddress::v4(std::span<const uint8_t, 4>(place.data() + 1, 4));
  return IpAddress::v6(std::span<const uint8_t, 16>(place.data() + 1, 16));
}

Found look_up(const Question& question) {
  Found found;
  found.name = question.name;
  // A name with dots is whole: a domain of the host's search list must not be tried after it.
  const bool is_whole = std::strchr(question.name.data(), '.') != nullptr;
  ::res_init();
  if (is_whole) _res.options &= ~static_cast<unsigned long>(RES_DEFNAMES | RES_DNSRCH);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  found.error = ::getaddrinfo(question.name.data(), nullptr, &hints, &list);
  if (found.error != 0) return found;
  for (const addrinfo* one = list; one != nullptr && found.count < kMostAddresses; one = one->ai_next) {
    sys::SocketAddress address;
    std::memcpy(&address.storage, one->ai_addr, std::min<std::size_t>(one->ai_addrlen, sizeof address.storage));
    if (const auto endpoint = address.endpoint()) add(found, endpoint->address);
  }
  ::freeaddrinfo(list);
  return found;
}

[[noreturn]] void work(const seccomp::Program& filters, const OwnedFd& channel) noexcept try {
  sys::die_with_parent();
  confine_resolver(filters);
  while (true) {
    Question question;
    if (!sys::receive_packet(channel, std::as_writable_bytes(std::span(&question, 1)))) ::_exit(0);
    question.name.back() = '\0';
    ::alarm(kMostSeconds);
    const Found found = look_up(question);
    ::alarm(0);
    sys::send_packet(channel, std::as_bytes(std::span(&found, 1)));
  }
} catch (...) {
  ::_exit(1);
}

void start_worker(const seccomp::Program& filters, const OwnedFd& channel) {
  if (sys::fork() == 0) work(filters, channel);
}

/// Waits for a question. False: the relay is gone.
bool is_asked(const OwnedFd& channel) {
  pollfd question{channel.get(), POLLIN, 0};
  while (::poll(&question, 1, -1) < 0) {  // a signal
  }
  return (question.revents & POLLHUP) == 0;
}

/// Reads nothing of what the workers read: it only keeps their number. None before the first question, as many sessions
/// never ask one.
void keep_workers(const seccomp::Program& filters, const OwnedFd& channel) {
  sys::rename_process("clawbox-names");
  if (!is_asked(channel)) return;
  for (int i = 0; i < kWorkers; ++i) start_worker(filters, channel);
  int status = 0;
  while (::waitpid(-1, &status, 0) > 0) {
    // 0: the relay is gone. An error before the first question would be one for ever.
    if (WIFEXITED(status)) return;
    // Killed by alarm(2), or by what it read; or ahead of any question, which would go on for ever without a pause.
    ::usleep(kPauseAfterDeath);
    if (!is_asked(channel)) return;
    start_worker(filters, channel);
  }
}

}  // namespace

Resolver::Resolver(const seccomp::Program& filters)
    : helper_(sys::start_helper([&filters](OwnedFd channel) { keep_workers(filters, channel); })) {}

uint64_t Resolver::ask(const std::string& name, Take take) {
  if (const auto known = known_.find(name); known != known_.end() && sys::boot_time() < known->second.until) {
    take(Answer(known->second.answer));
    return 0;
  }
  const uint64_t question = ++last_question_;
  std::vector<Asker>& askers = asked_[name];
  askers.push_back({question, std::move(take)});
  if (askers.size() > 1) return question;
  Question packet;
  put_text(packet.name, name);
  const auto bytes = std::as_bytes(std::span(&packet, 1));
  // Not waiting: where the queue is full, who asks runs into its own limit, and so does the next who asks.
  if (::send(fd(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) asked_.erase(name);
  return question;
}

void Resolver::forget(uint64_t question) {
  for (auto at = asked_.begin(); at != asked_.end(); ++at) {
    if (std::erase_if(at->second, [question](const Asker& asker) { return asker.question == question; }) == 0) continue;
    if (at->second.empty()) asked_.erase(at);  // whoever asks next asks anew: the process may have been late
    return;
  }
}

void Resolver::hear() {
  Found found;
  const ssize_t got = ::recv(fd(), &found, sizeof found, MSG_DONTWAIT);
  if (got == 0) throw_sys_error(EPIPE, "the processes that look up names have ended");
  if (got != static_cast<ssize_t>(sizeof found)) return;
  Answer answer;
  for (uint32_t i = 0; i < std::min<std::size_t>(found.count, kMostAddresses); ++i)
    answer.addresses.push_back(address_in(found.addresses[i]));
  if (found.error != 0) answer.problem = ::gai_strerror(found.error);
  const std::string name = text_in(found.name);
  remember(name, answer);
  const auto at = asked_.find(name);
  if (at == asked_.end()) return;
  const std::vector<Asker> askers = std::move(at->second);
  asked_.erase(at);
  for (const Asker& asker : askers) asker.take(answer);
}

void Resolver::remember(const std::string& name, const Answer& answer) {
  if (answer.addresses.empty()) return;
  if (known_.size() >= kMostKnown) known_.clear();
  known_[name] = {answer, sys::boot_time() + kKnownFor};
}

}  // namespace clawbox::egress
