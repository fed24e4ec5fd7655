// Tells the trail and a person when the session's store refuses something for the first time, and when nobody serves
// it any more. Each once: a program that fills its disk tries again and again. A store that refuses nothing has the
// session ended when it holds more than its caps, or when nobody looks any more.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "plan/plan.h"
#include "store/store.h"
#include "supervise/exec_log.h"
#include "supervise/outcome.h"
#include "sys/loop.h"

namespace clawbox::supervise {

class StoreWatch {
 public:
  using Tell = std::function<void(const std::string&)>;
  struct Session {
    pid_t init = 0;
    ExecLog::Write write;
    Tell tell;
    std::function<void(EndedBy by, const std::string& why)> end;  // at once
  };
  /// `store` outlives this; `plan` has a storage. The program does not run yet.
  StoreWatch(sys::Loop& loop, const Plan& plan, store::Store& store, Session session);
  ~StoreWatch();
  StoreWatch(const StoreWatch&) = delete;
  StoreWatch& operator=(const StoreWatch&) = delete;
  /// The session is over: tells what nobody was told in time.
  void finish();

 private:
  void take_news();
  void tell_full(const store::Full& full);
  void end_over(const store::Full& full);
  void note_lost();
  void forget();

  sys::Loop& loop_;
  const Storage& storage_;
  store::Store& store_;
  Session session_;
  int news_ = -1;
};

}  // namespace clawbox::supervise
