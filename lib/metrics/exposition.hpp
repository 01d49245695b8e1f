// The fleet's series (spec section 9) written straight from a View, a slice at a time, so that a
// scrape of ten thousand instances does not hold the loop. What is not in the View is not in the
// text: series of an instance go with it.
#pragma once

#include "engine/view.hpp"
#include "metrics/savings.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace vastwatch::metrics {

struct ExpositionLimits {
    /// About how much text one call of next() makes: some tenths of a millisecond's work.
    std::size_t slice_bytes = std::size_t{64} * 1024;
    /// Series of instances; instances beyond are left out whole, and counted.
    std::size_t instance_series = 1'000'000;
};

class Exposition {
  public:
    explicit Exposition(std::shared_ptr<const engine::View> view, ExpositionLimits limits = {});

    /// Appends the next slice to `out`; false when there is nothing more.
    bool next(std::string& out);

    /// A count of findings that hold, by team and rule.
    using FindingCounts = std::vector<std::tuple<TeamName, rules::Rule, std::size_t>>;

    /// Actions that failed often enough to be told about and are still tried.
    struct Failing {
        std::size_t actions = 0;
        UsdPerHour cost;
    };

    /// What the families are written from.
    struct Source {
        std::shared_ptr<const engine::View> view;
        FindingCounts findings;
        std::map<TeamName, Savings> savings;
        std::map<TeamName, Failing> failing;
        std::size_t instances_shown = 0;
        std::size_t series_dropped = 0;
    };

  private:
    Source source_;
    ExpositionLimits limits_;
    std::size_t family_ = 0;
    std::size_t element_ = 0;
};

/// All of it at once: for tests, and where nothing waits.
std::string render(std::shared_ptr<const engine::View> view);

}  // namespace vastwatch::metrics
