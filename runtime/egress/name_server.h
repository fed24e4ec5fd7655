// The session's name server on its sockets: every address's port 53, by UDP and TCP. What is answered: egress/stub.h.
#pragma once

#include <functional>
#include <list>
#include <string>
#include <vector>

#include "egress/dns.h"
#include "egress/services.h"
#include "egress/stub.h"

namespace clawbox::egress {

class NameServer {
 public:
  /// `on_answer` hears of every question; `shed` gets a listener where somebody waits and no descriptor is left.
  using OnAnswer = std::function<void(const AskedName&)>;
  using Shed = std::function<void(const OwnedFd& listening)>;
  NameServer(sys::Loop& loop, Stub stub, OnAnswer on_answer, Shed shed);
  ~NameServer();
  NameServer(const NameServer&) = delete;

  void serve_packets(OwnedFd socket);
  void serve_streams(OwnedFd listening);
  void tick(Clock::time_point now);
  bool is_waiting() const { return !streams_.empty(); }

 private:
  struct Stream {
    OwnedFd socket;
    dns::MessageStream messages;
    Clock::time_point until;
  };
  using Entry = std::list<Stream>::iterator;
  std::string answer(std::string_view message, Transport transport);
  void answer_packets(const OwnedFd& socket);
  void accept(const OwnedFd& listening);
  void hear(Entry stream);
  void close(Entry stream);

  sys::Loop& loop_;
  Stub stub_;
  OnAnswer on_answer_;
  Shed shed_;
  std::list<OwnedFd> sockets_;
  std::list<Stream> streams_;
};

}  // namespace clawbox::egress
