// All rules over everything at one moment. Pure; the same situation gives the same findings.
#pragma once

#include "fleet/instance.hpp"
#include "ledger/ledger.hpp"
#include "rules/budgets.hpp"
#include "rules/finding.hpp"
#include "rules/tally.hpp"

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace vastwatch::rules {

/// What is judged. The subjects are grouped by nothing; their order does not matter.
struct Situation {
    const policy::Policy& policy;
    std::span<const Subject> subjects;
    const ledger::Ledger& ledger;
    Instant now;
};

/// How far ahead findings about single instances are made before a cap is crossed, so that they
/// can be verified in time: depends on how many there are to read, at the account's pace.
Duration cap_lead(std::size_t instances, Duration request_interval);

/// The findings, instance by instance and team by team; those in prospect (due later) included.
struct Evaluation {
    std::vector<Finding> findings;
    /// The next moment at which the same situation would give other findings; absent = never.
    std::optional<Instant> next_change;
};

Evaluation evaluate(const Situation& situation);

// --- The same in two parts, for who keeps the findings about instances from one moment to the
// next: evaluate() is judge_instance() of every subject, then judge_whole().

/// What the rules about one instance by itself find. It stays as it is until the subject or the
/// policy changes, or `evaluation.next_change` comes.
struct Judged {
    Evaluation evaluation;
    bool at_once = false;    // some findings are due at the moment of judging: see bring_to
    bool momentary = false;  // to be judged anew at every moment
};

Judged judge_instance(const Subject& subject, Instant now);

/// What `rule` looks at of an instance is known. Where it is not, that nothing is found does not
/// say that the condition is over.
bool can_tell(Rule rule, const Subject& subject);

/// Makes what was judged earlier what judge_instance would give at `now`, given that nothing but
/// the time has changed, and no change was due.
void bring_to(Judged& judged, Instant now);

/// Gives all subjects; asked only when a rule wants them one by one.
using ListSubjects = std::function<std::span<const Subject>()>;

/// What the rules about whole teams and accounts judge.
struct Whole {
    Budgets& budgets;
    const Totals& totals;
    const ListSubjects& list;
    Instant now;
};

/// Their findings, those about each of several instances included.
Evaluation judge_whole(const Whole& situation);

/// What the idle rule makes of one instance, for evaluate and for explain.
struct IdleState {
    bool applies = false;        // it runs, the rule is on, it is no serverless worker
    bool covered = false;        // known samples account for enough of the period
    std::optional<Instant> due;  // when the condition holds if nothing changes
    bool holds = false;          // the evidence is complete: longer than idle_for
    Exemption exemption = Exemption::none;
    std::optional<Instant> exempt_until;
};

IdleState idle_state(const Subject& subject, Instant now);

/// One sentence for people on why the finding is there, with figures and zones.
std::string reason(
    const Finding& finding,
    const fleet::Instance* instance,
    const policy::Team& team,
    const Calendar& calendar);

}  // namespace vastwatch::rules
