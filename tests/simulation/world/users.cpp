#include "world/users.hpp"

#include "world/fleet.hpp"

#include <fmt/format.h>

namespace vastwatch::simulation {
namespace {

constexpr double day = 24 * 3600 * 1e9;

/// Somebody's instance; nothing when there is none.
const vastsim::Instance* any_of(const vastsim::Account& account, vastsim::Random& random) {
    if (account.instances().empty()) {
        return nullptr;
    }
    auto at = account.instances().begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random.below(account.instances().size())));
    return &at->second;
}

}  // namespace

Users::Users(const Plan& plan, const AccountPlan& account)
    : plan_(plan),
      random_(stream(plan.options.seed, "users of " + account.name)),
      fleet_(account.fleet),
      // Half of what is done is renting; what is rented is given back after a lifetime.
      acts_per_day_(
          4 * static_cast<double>(account.fleet) * day /
          static_cast<double>(plan.lifetime.count())),
      next_(plan.begin + draw_wait(random_, acts_per_day_)) {}

std::string Users::act(vastsim::Account& account) {
    next_ += draw_wait(random_, acts_per_day_);
    const bool wanted = account.instances().size() < fleet_;
    const bool crowded = account.instances().size() > fleet_ * 5 / 4;
    if (random_.chance(crowded ? 0.1 : wanted ? 0.75 : 0.4)) {
        return rent(account);
    }
    return change_something(account);
}

std::string Users::rent(vastsim::Account& account) {
    const auto id = account.create(draw_instance(plan_, random_));
    return fmt::format("a user rents {}", id);
}

std::string Users::change_something(vastsim::Account& account) {
    const auto* instance = any_of(account, random_);
    if (instance == nullptr) {
        return "";
    }
    const auto id = instance->id();
    const double kind = random_.unit();
    auto label = draw_label(plan_, random_);
    if (kind < 0.55) {
        account.destroy(id);
        return fmt::format("a user destroys {}", id);
    }
    if (kind < 0.70) {
        account.stop(id);
        return fmt::format("a user stops {}", id);
    }
    if (kind < 0.85) {
        account.start(id);
        return fmt::format("a user starts {}", id);
    }
    if (kind < 0.97 && plan_.options.troubles.has(Trouble::relabelling)) {
        account.set_label(id, label.empty() ? std::nullopt : std::optional{label});
        return fmt::format("a user labels {} \"{}\"", id, label);
    }
    return "";
}

}  // namespace vastwatch::simulation
