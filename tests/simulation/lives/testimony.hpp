// Tells the judge what the API truthfully served and what the daemon asked it to do, from requests
// and answers as an onlooker on the wire sees them. A row counts only when its whole listing
// arrived; what of it was a lie is not passed on as the truth.
#pragma once

#include "daemon/observer.hpp"
#include "judge/judge.hpp"
#include "lives/served.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace vastwatch::simulation {

class Testimony {
  public:
    /// An order as it arrives; what is not `taken` came too early.
    using Ordered = std::function<
        void(bool destroy, const std::vector<std::int64_t>& ids, bool taken, Instant at)>;

    Testimony(
        std::vector<const vastsim::Account*> accounts,
        Duration slow,
        Judge& judge,
        Ordered ordered);

    void asked(const ApiRequest& request);
    void answered(const ApiAnswer& answer);

    /// Whoever asked is gone, or has dropped what it was about.
    void forget_pending();

    std::uint64_t sweeps() const { return sweeps_; }

    std::uint64_t rows() const { return rows_; }

    /// Fresh reads that arrived and are of use.
    std::uint64_t verifications() const { return verifications_; }

    /// Answers that were no use, by what was asked for.
    const std::map<std::string, std::uint64_t>& useless() const { return useless_; }

    /// When that account was last listed completely.
    Instant listed_at(std::size_t account) const { return listings_[account].served_at; }

  private:
    enum class What : std::uint8_t { listing, verification, charges, action, other };

    struct Pending {
        What what = What::other;
        std::size_t account = 0;
        Instant asked_at;
        bool usable = false;     ///< as it left the service
        bool first = false;      ///< the first page of a listing
        std::size_t wanted = 0;  ///< ids of a verification
        ServedPage page;
        bool complete = false;  ///< the last page of charges
        bool present = false;   ///< charges of the present day
    };

    struct Known {
        Watched* watched = nullptr;
        UsdPerHour charged;
        UsdPerHour most;  ///< what it costs when it runs, if that is more
        std::uint64_t revision = 0;
        bool doubtful = false;
        bool priced = false;  ///< a price that bills was served once
        bool unsure = false;  ///< which price stands in for the one that is not served
    };

    /// A listing under way, and what the latest complete one said.
    struct Listing {
        std::vector<ServedRow> rows;
        std::size_t skipped = 0;
        std::int64_t total = 0;
        bool total_changed = false;
        std::size_t pages = 0;
        Instant began;
        Instant asked_at;
        std::map<std::int64_t, Known> known;
        Instant served_at;
        Instant served_from;  ///< when that one was asked for
    };

    Pending read_request(const ApiRequest& request) const;
    void read_reply(Pending& pending, const ApiRequest& request) const;
    void order(const ApiRequest& request);
    void take_page(Pending& pending, Instant at);
    void finish(std::size_t account, Instant at);
    void take_rows(std::size_t account, Instant at);
    void take_missing(std::size_t account, Instant at);
    /// Its state or price was not served as it is: the daemon goes by that for a while.
    void doubt_until_next(const Watched& watched, UsdPerHour most, Instant at);
    void verify(Pending& pending, Instant at);
    void fail(const Pending& pending, Instant at);

    std::vector<const vastsim::Account*> accounts_;
    Duration slow_;
    Judge& judge_;
    Ordered ordered_;
    std::vector<Listing> listings_;
    std::map<std::uint64_t, Pending> pending_;
    std::map<std::string, std::uint64_t> useless_;
    std::uint64_t sweeps_ = 0;
    std::uint64_t rows_ = 0;
    std::uint64_t verifications_ = 0;
};

}  // namespace vastwatch::simulation
