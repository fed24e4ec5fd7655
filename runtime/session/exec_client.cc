#include "session/exec_client.h"

#include <sys/epoll.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "launch/words.h"
#include "session/control.h"
#include "session/error_json.h"
#include "supervise/caller_ends.h"
#include "sys/channel.h"
#include "sys/loop.h"

namespace clawbox::session {
namespace {

supervise::CallerStdio stdio_for(const ExecWish& wish) {
  supervise::CallerStdio stdio = supervise::look_at_stdio();
  if (wish.input == ExecWish::Input::kNone) supervise::leave_out_input(stdio);
  if (wish.terminal == ExecWish::Terminal::kNone) supervise::leave_out_terminal(stdio);
  if (wish.terminal == ExecWish::Terminal::kOwn) supervise::give_terminal(stdio);
  return stdio;
}

class Client {
 public:
  Client(OwnedFd connection, supervise::CallerStdio stdio, const std::function<void(const std::string&)>& notice)
      : connection_(std::move(connection)),
        notice_(notice),
        given_(std::move(stdio.ends)),
        ends_(loop_, std::move(stdio), [this] { stop_when_drained(); }) {
    loop_.watch(connection_.get(), EPOLLIN, [this](uint32_t) { hear(); });
    loop_.watch(signals_.fd(), EPOLLIN, [this](uint32_t) { pass_signals_on(); });
  }

  ExecEnd execute(const ExecWish& wish);

 private:
  void ask(const ExecWish& wish);
  void hear();
  void take(const Json& event, std::vector<OwnedFd> descriptors);
  void pass_signals_on();
  void stop_when_drained();

  OwnedFd connection_;
  const std::function<void(const std::string&)>& notice_;
  sys::Loop loop_;
  supervise::CallerSignals signals_;
  launch::Stdio given_;
  supervise::CallerEnds ends_;
  bool detached_ = false, is_over_ = false;
  ExecEnd end_;
  std::optional<Error> refusal_;
};

ExecEnd Client::execute(const ExecWish& wish) {
  detached_ = wish.detached;
  ask(wish);
  given_ = {};  // what is inside are the only copies: their end must show
  loop_.run();
  if (refusal_) throw Error(*refusal_);
  if (ends_.lost() != 0) {
    end_.detail = SysError(ends_.lost(), "output is lost").what();
    if (end_.exit_status == 0) end_.exit_status = static_cast<int>(ExitStatus::kOutputLost);
  }
  return end_;
}

void Client::ask(const ExecWish& wish) {
  Json request{{"do", "exec"}, {"ends", Json::array()}, {"labels", wish.labels}, {"detach", wish.detached}};
  if (wish.time) request["time_ms"] = wish.time->count();
  const OwnedFd words = launch::as_file(wish.command);
  std::vector<int> descriptors{words.get()};
  for (const launch::StdioEnd& end : given_) {
    const auto* passed = std::get_if<launch::PassedFd>(&end);
    const auto* terminal = std::get_if<launch::SessionTerminal>(&end);
    request["ends"].push_back(passed != nullptr ? "passed" : terminal != nullptr ? "terminal" : "null");
    if (passed != nullptr) descriptors.push_back(passed->fd.get());
    if (terminal == nullptr) continue;
    std::vector<uint8_t> bytes(sizeof *terminal);
    std::memcpy(bytes.data(), terminal, sizeof *terminal);
    request["terminal"] = bytes;
  }
  const std::string text = request.dump();
  if (text.size() > kMostControlText)
    throw Error(ExitStatus::kUsage, fmt::format("the request to the session takes {}", size_text(text.size())),
                fmt::format("shorten the labels: it takes {}", size_text(kMostControlText)));
  if (!sys::send_text(connection_, text, descriptors))
    throw Error(ExitStatus::kSessionBusy, "the session ended before it could take the command");
}

void Client::hear() {
  auto message = sys::receive_text(connection_, kMostControlText);
  if (message) return take(Json::parse(message->text), std::move(message->descriptors));
  loop_.forget(connection_.get());
  if (is_over_) return;
  is_over_ = true;
  end_.exit_status = static_cast<int>(ExitStatus::kSignalBase) + SIGKILL;
  end_.detail = "the session ended before the command did";
  stop_when_drained();
}

void Client::take(const Json& event, std::vector<OwnedFd> descriptors) {
  if (event.contains("ok") && !event.at("ok").get<bool>()) {
    refusal_ = error_in(event);
    return loop_.stop();
  }
  const std::string what = event.value("event", "");
  if (event.contains("command")) end_.command = event.at("command").get<uint32_t>();
  if (what == "notice") notice_(event.at("text").get<std::string>());
  if (what == "terminal" && !descriptors.empty()) ends_.take_terminal(std::move(descriptors.front()));
  if (what == "started" && detached_) loop_.stop();
  if (what != "ended" && what != "failed") return;
  is_over_ = true;
  end_.exit_status = event.at("exit_status").get<int>();
  end_.detail = event.value("detail", "");
  end_.remedy = event.value("remedy", "");
  ends_.end_output();
  stop_when_drained();
}

void Client::stop_when_drained() {
  if (is_over_ && ends_.are_drained()) loop_.stop();
}

void Client::pass_signals_on() {
  while (const auto signal = signals_.next(ends_))
    sys::send_text(connection_, Json{{"do", "signal"}, {"signal", *signal}}.dump());
}

}  // namespace

ExecEnd execute(OwnedFd connection, const ExecWish& wish, const std::function<void(const std::string&)>& notice) {
  return Client(std::move(connection), stdio_for(wish), notice).execute(wish);
}

}  // namespace clawbox::session
