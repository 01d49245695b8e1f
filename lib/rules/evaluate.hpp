// All rules over everything at one moment. Pure; the same situation gives the same findings.
#pragma once

#include "fleet/instance.hpp"
#include "ledger/ledger.hpp"
#include "rules/finding.hpp"

#include <map>
#include <span>
#include <string>
#include <vector>

namespace vastwatch::rules {

/// An instance as the rules see it.
struct Subject {
    const fleet::Instance* instance = nullptr;
    const policy::Team* team = nullptr;
    fleet::Rates rates;  // what it costs now, estimates included
    bool rate_known = true;
    bool protected_id = false;               // some team's protected_ids list it, see subject_of
    std::optional<Instant> protected_until;  // vastwatchctl protect, still valid
};

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

/// A budget's figures: spend, cap, and when one reaches the other at present rates.
struct Budget {
    ledger::WindowSpend spend;
    std::optional<Usd> cap;
    /// When spend will be (or, not after `now`, has been) at the cap; absent without a cap, and
    /// when the window ends first. `queued` adds what waits to start.
    std::optional<Instant> crossing;
};

/// When `spend` reaches `amount` at `burn`: `now` when it has, absent when not before `end`.
std::optional<Instant>
crossing_of(Usd spend, Usd amount, UsdPerHour burn, Instant now, std::optional<Instant> end);

Budget team_budget(
    const ledger::Ledger& ledger,
    const policy::Team& team,
    policy::Window window,
    UsdPerHour queued,
    Instant now);
Budget account_budget(
    const ledger::Ledger& ledger,
    const policy::Account& account,
    policy::Window window,
    Instant now);

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

/// Whether an instance costs money now or will by itself: what a cap takes down.
bool costs_money(const Subject& subject);

/// One sentence for people on why the finding is there, with figures and zones.
std::string reason(
    const Finding& finding,
    const fleet::Instance* instance,
    const policy::Team& team,
    const Calendar& calendar);

}  // namespace vastwatch::rules
