// The people of one account, who rent, work, stop, relabel and give back by themselves, whatever
// the daemon does. Each acts at moments of its own.
#pragma once

#include "model/account.hpp"
#include "world/plan.hpp"

#include <string>

namespace vastwatch::simulation {

class Users {
  public:
    Users(const Plan& plan, const AccountPlan& account);

    /// When somebody does something next.
    Instant next() const { return next_; }

    /// Does it, at the account's present moment, and draws the next. Says what was done.
    std::string act(vastsim::Account& account);

  private:
    std::string rent(vastsim::Account& account);
    std::string change_something(vastsim::Account& account);

    const Plan& plan_;
    vastsim::Random random_;
    std::size_t fleet_;
    double acts_per_day_;
    Instant next_;
};

}  // namespace vastwatch::simulation
