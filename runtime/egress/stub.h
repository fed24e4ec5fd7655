// The name server of a session: a question's bytes in, an answer's bytes out. It asks nobody. Pure.
//
// Allowed names are answered with synthetic addresses (egress/names.h), and are looked up only when a connection is
// made. A, AAAA; PTR of synthetic addresses and of localhost; other types of an allowed name have no data, HTTPS and
// SVCB among them, so that no address hint and no ECH key goes past the rules. Every other name: NXDOMAIN with the
// extended error "blocked", which programs take as final (REFUSED reads as passing trouble and is asked again).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "egress/dns.h"
#include "egress/names.h"
#include "egress/rules.h"

namespace clawbox::egress {

struct AskedName {   // for the trail
  std::string name;  // canonical, or the bytes as they came where nothing canonical can be made of them
  std::string type;  // "AAAA"
  Verdict verdict;
  std::optional<SyntheticAddresses> given;  // that stand for it, where the answer says them
  bool is_new = false;                      // they stood for nothing before
};

struct StubReply {
  std::string message;             // empty: no answer
  std::optional<AskedName> asked;  // nothing for what is not a question, and for localhost
};

class Stub {
 public:
  Stub(const Rules& rules, Names& names, const NameLimits& limits) : rules_(rules), names_(names), limits_(limits) {}

  /// `message`: without TCP's length.
  StubReply answer(std::string_view message, Transport transport, Names::Clock::time_point now);

 private:
  dns::Answer answer_for(const dns::Query& query, AskedName& asked, Names::Clock::time_point now);
  dns::Answer pointer_for(const dns::Query& query) const;

  const Rules& rules_;
  Names& names_;
  NameLimits limits_;
};

}  // namespace clawbox::egress
