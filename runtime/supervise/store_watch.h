// Tells the trail and a person when the session's store refuses something for the first time, and when nobody serves
// it any more. Each once: a program that fills its disk tries again and again.
#pragma once

#include <functional>
#include <string>

#include "plan/plan.h"
#include "store/store.h"
#include "supervise/exec_log.h"
#include "sys/loop.h"

namespace clawbox::supervise {

class StoreWatch {
 public:
  using Tell = std::function<void(const std::string&)>;
  /// `store` outlives this; `plan` has a storage.
  StoreWatch(sys::Loop& loop, const Plan& plan, store::Store& store, ExecLog::Write write, Tell tell);
  ~StoreWatch();
  StoreWatch(const StoreWatch&) = delete;
  StoreWatch& operator=(const StoreWatch&) = delete;

 private:
  void take_news();
  void tell_full(const store::Full& full);
  void forget();

  sys::Loop& loop_;
  const Storage& storage_;
  store::Store& store_;
  ExecLog::Write write_;
  Tell tell_;
  int news_;
};

}  // namespace clawbox::supervise
