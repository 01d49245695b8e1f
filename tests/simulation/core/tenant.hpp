// One account of a core run: its model, its people, what troubles its listings, and what the
// daemon's loops for it do next.
#pragma once

#include "core/run.hpp"

namespace vastwatch::simulation {

struct CoreRun::Tenant {
    Tenant(const Plan& plan, const AccountPlan& account, std::size_t number, Judge& judge)
        : name(account.name),
          index(number),
          model(account.spec, plan.begin, plan.options.seed * 16 + number),
          listing(model, number, judge, plan.options.seed),
          users(plan, account),
          blind(plan.options, Trouble::blind, name, {0.2, minutes(1), hours(12)}, plan.begin),
          rejected(
              plan.options,
              Trouble::key_rejected,
              name,
              {0.03, minutes(5), hours(6)},
              plan.begin),
          zeros(plan.options, Trouble::zero_rows, name, {0.5, minutes(30), hours(48)}, plan.begin),
          nulls(plan.options, Trouble::null_rows, name, {0.3, minutes(10), hours(24)}, plan.begin),
          frozen(
              plan.options,
              Trouble::frozen_host,
              name,
              {0.5, minutes(10), hours(12)},
              plan.begin),
          no_charges(
              plan.options,
              Trouble::late_charges,
              name,
              {0.15, minutes(30), hours(20)},
              plan.begin),
          failed_poll(plan.options, Trouble::failed_poll, name, 0.004),
          missing_row(plan.options, Trouble::missing_row, name, 0.0008),
          slow_start(plan.options, Trouble::crash, "first listing of " + name, 0.3) {}

    static Duration minutes(int count) { return std::chrono::minutes{count}; }

    static Duration hours(int count) { return std::chrono::hours{count}; }

    std::string name;
    std::size_t index;
    vastsim::Account model;
    Listing listing;
    Users users;
    Spells blind;
    Spells rejected;
    Spells zeros;
    Spells nulls;
    Spells frozen;
    Spells no_charges;
    Mishap failed_poll;
    Mishap missing_row;
    Mishap slow_start;
    Instant unlisted_until;  ///< after a restart listings fail for a while, now and then
    std::int64_t frozen_id = 0;
    std::uint64_t frozen_spell = 0;

    Instant next_poll;
    Instant next_bill;
    int failures = 0;
    std::deque<engine::VerifyOrder> reads;
    std::deque<engine::RequestOrder> requests;
    bool reading = false;
    bool requesting = false;
    Instant request_allowed;
    fleet::Sweep sweep;
};

}  // namespace vastwatch::simulation
