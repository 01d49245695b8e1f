// Findings into cases, and cases onward (spec section 7).
#pragma once

#include "engine/events.hpp"
#include "engine/state.hpp"

namespace vastwatch::engine {

/// The findings of the latest judgement that stop or destroy, are not exempt, and are near enough
/// to be a case; to be kept as State::acting.
FindingsByInstance acting_findings(const State& state, Instant now);

/// After every step: opens, updates and drops cases by the latest evaluation, warns, holds, orders
/// reads, and makes the intents and orders of what is verified and due.
void enforce(State& state, Effects& effects, Now now);

/// Takes a verification read into the cases that asked for it (the rows are observed already).
void take_verification(State& state, Effects& effects, const fleet::Verification& read, Now now);
void verification_failed(State& state, const VerifyOrder& order, const std::string& why, Now now);

/// Takes what a destroy or stop was answered.
void take_answer(State& state, Effects& effects, const RequestAnswered& answer, Now now);

/// Takes a complete sweep as evidence on what was requested.
void confirm(State& state, Effects& effects, const fleet::Sweep& sweep, Now now);

/// Requests that never left because their intent could not be stored.
void not_durable(State& state, const std::vector<RequestOrder>& orders, Now now);

/// Requests of an earlier process whose fate is unknown: listing will tell, nothing is repeated.
void recover(State& state, Now now);

/// Judges what a changed policy makes due at once in `account` (spec section 7, last paragraph).
void judge_new_policy(
    State& state,
    Effects& effects,
    const AccountName& account,
    const PolicyChange& change,
    Now now);

/// The latest complete listing of the account lacked nothing that is known of it.
bool all_listed(const State& state, const AccountName& account);

/// An operator decides on a hold.
void decide(
    State& state,
    Effects& effects,
    enforcement::Hold& hold,
    bool approve,
    const std::string& actor,
    Now now);

/// The reload's hold, open or dismissed, that keeps back what a finding about an instance wants.
/// It has what the changed policy made due, and nothing that came later: another rule, or a cap in
/// its next window, does not wait for it. Null when nothing keeps it back.
const enforcement::Hold* keeping_hold(const State& state, const rules::Finding& finding);

/// The instances of which an operator dismissed what a changed policy made due: nothing of that is
/// done to them under this policy.
std::map<InstanceId, const enforcement::Hold*> dismissed_holds(const State& state);

/// What was dismissed under another policy is judged anew under this one.
void end_dismissals(State& state);

/// Ends a case: counted, recorded, kept for view.
void close(
    State& state,
    Effects& effects,
    InstanceId id,
    enforcement::Step step,
    std::string detail,
    Now now);

/// The next moment at which some case would move by itself.
std::optional<Instant> next_case_move(const State& state, Instant now);

/// An audit record about a case.
AuditRecord record_of(const State& state, const enforcement::Case& item, Now now);

}  // namespace vastwatch::engine
