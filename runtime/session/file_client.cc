#include "session/file_client.h"

#include <array>
#include <optional>

#include "base/error.h"
#include "launch/words.h"
#include "session/control.h"
#include "session/error_json.h"
#include "sys/channel.h"

namespace clawbox::session {
namespace {

/// Ours of the stream.
OwnedFd ask(const OwnedFd& connection, const FileWish& wish) {
  auto [ours, theirs] = sys::make_stream();
  Command command;
  command.argv = files::as_words(wish.request);
  const OwnedFd words = launch::as_file(command);
  const std::string text = Json{{"do", "files"}, {"labels", wish.labels}}.dump();
  if (!sys::send_text(connection, text, std::array{words.get(), theirs.get()}))
    throw Error(ExitStatus::kSessionBusy, "the session ended before it could take the request");
  return std::move(ours);
}

/// Early refusals are answered while we still send: then nobody reads any more.
void send_input(const OwnedFd& stream, const FileWish& wish) try {
  if (!wish.next_input) return;
  for (std::string_view piece; !(piece = wish.next_input()).empty();)
    send_frame(stream, files::FrameKind::kPiece, piece);
  send_frame(stream, files::FrameKind::kEnd);
} catch (const SysError& error) {
  if (error.code() != EPIPE && error.code() != ECONNRESET) throw;
}

/// Nothing: whoever was to do it is gone.
std::optional<files::Answer> take_answer(const OwnedFd& stream, const FileWish& wish) {
  while (true) {
    files::Frame frame;
    try {
      frame = files::receive_frame(stream);
    } catch (const SysError& error) {
      if (error.code() != ECONNRESET) throw;
      return std::nullopt;
    }
    if (frame.kind == files::FrameKind::kAnswer) return files::answer_in(frame);
    if (wish.take_output) wish.take_output(frame.bytes);
  }
}

/// Until the session has it on record. False: it ended before.
bool hear_end(const OwnedFd& connection) {
  while (const auto message = sys::receive_text(connection, kMostControlText)) {
    const Json event = Json::parse(message->text);
    if (event.contains("ok") && !event.at("ok").get<bool>()) throw Error(error_in(event));
    const std::string what = event.value("event", "");
    if (what == "ended") return true;
    if (what == "failed")
      throw Error(static_cast<ExitStatus>(event.at("exit_status").get<int>()), event.at("detail").get<std::string>(),
                  event.at("remedy").get<std::string>());
  }
  return false;
}

}  // namespace

files::Answer operate_on_files(OwnedFd connection, const FileWish& wish) {
  OwnedFd stream = ask(connection, wish);
  send_input(stream, wish);
  const std::optional<files::Answer> answer = take_answer(stream, wish);
  stream.reset();
  const bool is_on_record = hear_end(connection);
  if (!answer || !is_on_record)
    throw Error(ExitStatus::kSessionBusy, "the file operation was ended from inside the session, or with it",
                "`clawbox inspect` tells whether the session lives; what was to be replaced is whole, old or new");
  return *answer;
}

}  // namespace clawbox::session
