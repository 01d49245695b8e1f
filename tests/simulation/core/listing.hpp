// The rows of one account as the engine gets them, made straight from the model, without JSON. A
// row is rebuilt when its instance changed; only the volatile figures are new each time.
#pragma once

#include "fleet/observation.hpp"
#include "judge/judge.hpp"
#include "model/account.hpp"
#include "model/noise.hpp"
#include "world/plan.hpp"

#include <string>
#include <vector>

namespace vastwatch::simulation {

/// What is served of one instance, and the judge's view of it.
struct Row {
    std::uint64_t revision = 0;
    std::uint64_t served_revision = 0;  ///< of the latest complete listing
    const vastsim::Instance* instance = nullptr;
    Watched* watched = nullptr;
    Reading reading;
    double low = 0;  ///< of utilisation; above `high` = there is none
    double high = 0;
    double fixed = -1000;  ///< what is reported instead of a figure in range
    UsdPerHour charged;    ///< of the latest complete listing, all items but bandwidth
};

/// How rows may lie in one listing.
struct Lies {
    bool zeros = false;  ///< one row in seven filled with zeros
    bool nulls = false;
    std::int64_t frozen = 0;  ///< this instance repeats what it said last
};

class Listing {
  public:
    Listing(const vastsim::Account& account, std::size_t index, Judge& judge, std::uint64_t seed);

    /// Brings all rows up to the account's present; ascending by id.
    const std::vector<fleet::Observation>& take(const Lies& lies);

    /// Exchanges the rows as last taken for `rows`, to be given back the same way: they need not be
    /// copied for who only reads them.
    void lend(std::vector<fleet::Observation>& rows) { seen_.swap(rows); }

    /// One row anew; null when it is gone.
    const fleet::Observation* take_one(std::int64_t id, const Lies& lies);

    /// Tells the judge of the rows as last taken: the listing was complete and arrived, `but` for
    /// one row that it lacked.
    void served(Instant began, Instant at, std::int64_t but = 0);
    /// The same for one row of a fresh read.
    void read(std::int64_t id, Instant at);

    std::size_t size() const { return rows_.size(); }

  private:
    void build(Row& row, fleet::Observation& seen, const vastsim::Instance& instance);
    void measure(Row& row, fleet::Observation& seen, const Lies& lies);
    std::size_t find(std::int64_t id) const;

    const vastsim::Account& account_;
    std::size_t index_;
    Judge& judge_;
    vastsim::Random random_;
    std::uint64_t tick_ = 0;
    std::uint64_t state_;
    std::vector<Row> rows_;
    std::vector<fleet::Observation> seen_;
    std::vector<Row> next_rows_;
    std::vector<fleet::Observation> next_seen_;
    std::vector<std::pair<Watched*, Doubt>> lost_;  ///< gone since the latest complete listing
    std::vector<std::pair<Watched*, Doubt>> lost_to_nothing_;  ///< of the latest one, if empty
    Instant last_served_;
};

}  // namespace vastwatch::simulation
