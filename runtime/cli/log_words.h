// What `clawbox log` was asked: the words of its command line, read into a question.
#pragma once

#include <string>
#include <vector>

#include "audit/query.h"
#include "audit/reader_sessions.h"

namespace clawbox::cli {

struct LogWords {
  std::vector<std::string> sessions;
  std::string since, until, events, program, argv, status, format, directory;
  bool follow = false, json = false, tree = false;
};

enum class LogForm { kText, kJson, kOcsf, kTree };

struct LogQuestion {
  audit::Query query;
  audit::Window window;
  LogForm form = LogForm::kText;
};

/// Throws Error(kUsage).
LogQuestion question_of(const LogWords& words, audit::WallTime now);

}  // namespace clawbox::cli
