#include "files/request.h"

#include <array>
#include <charconv>

#include "base/error.h"
#include "base/text.h"

namespace clawbox::files {
namespace {

constexpr std::array<std::string_view, 7> kNames = {"read", "write", "stat", "ls", "mkdir", "rm", "rename"};

struct Flag {
  char letter;
  bool Request::*member;
};
constexpr std::array<Flag, 6> kFlags = {{{'p', &Request::parents},
                                         {'x', &Request::exclusive},
                                         {'r', &Request::recursive},
                                         {'f', &Request::force},
                                         {'l', &Request::follow},
                                         {'o', &Request::one_name}}};

uint64_t number_in(const std::string& word) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (word.empty() || error != std::errc() || end != word.data() + word.size())
    throw_sys_error(EPROTO, "the request of a file operation has no number");
  return number;
}

Operation operation_of(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<Operation>(i);
  throw_sys_error(EPROTO, "an unknown file operation");
}

std::string checked_path(const std::string& path) {
  if (!path.starts_with('/')) throw_sys_error(EINVAL, "the path " + in_quotes(path) + " is not absolute");
  return path;
}

}  // namespace

std::string_view name_of(Operation operation) { return kNames.at(static_cast<std::size_t>(operation)); }

std::vector<std::string> as_words(const Request& request) {
  std::string flags;
  for (const Flag& flag : kFlags)
    if (request.*flag.member) flags += flag.letter;
  return {std::string(name_of(request.operation)),
          request.path,
          request.to,
          request.beneath,
          std::to_string(request.limit),
          request.mode ? std::to_string(*request.mode) : "",
          flags};
}

Request request_in(const std::vector<std::string>& words) {
  if (words.size() != 7) throw_sys_error(EPROTO, "the request of a file operation has not all its words");
  Request request;
  request.operation = operation_of(words[0]);
  request.path = checked_path(words[1]);
  if (request.operation == Operation::kRename) request.to = checked_path(words[2]);
  request.beneath = checked_path(words[3]);
  request.limit = number_in(words[4]);
  if (!words[5].empty()) request.mode = static_cast<mode_t>(number_in(words[5]) & 07777);
  for (const Flag& flag : kFlags) request.*flag.member = words[6].find(flag.letter) != std::string::npos;
  return request;
}

}  // namespace clawbox::files
