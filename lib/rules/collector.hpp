// Where the rules put what they find. Internal to rules.
#pragma once

#include "rules/evaluate.hpp"

#include <utility>

namespace vastwatch::rules {

/// Collects findings and the earliest moment at which there would be others.
class Collector {
  public:
    explicit Collector(Instant now) : now_(now) {}

    void add(Finding finding) {
        changes_at(finding.due);
        if (finding.exempt_until) {
            changes_at(*finding.exempt_until);
        }
        result_.findings.push_back(std::move(finding));
    }

    void changes_at(Instant at) {
        if (at > now_ && (!result_.next_change || at < *result_.next_change)) {
            result_.next_change = at;
        }
    }

    Evaluation take() { return std::move(result_); }

  private:
    Instant now_;
    Evaluation result_;
};

/// A finding about one instance, with what exempts it from any rule.
Finding about(const Subject& subject, Rule rule, policy::Action action, Instant since, Instant due);

}  // namespace vastwatch::rules
