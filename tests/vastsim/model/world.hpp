// The whole simulated service: accounts, market, faults, pace and statistics behind two functions
// that turn a request into a reply. Pure: the caller brings the time, the simulated (which moves
// bills and scripts) and the real one (which paces requests), and does the waiting.
#pragma once

#include "model/account.hpp"
#include "model/fault.hpp"
#include "model/http.hpp"
#include "model/market.hpp"

#include <boost/json/object.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vastwatch::vastsim {

/// How the service behaves where its documents disagree or a test wants it otherwise.
struct Settings {
    std::string rate_form = "documented";  ///< documented, detail, success, plain or mixed
    double rate_scale = 1;                 ///< of the least intervals; 0 = no limit
    bool charges_per_day = true;
    bool strict_slash = false;    ///< 301 where the final slash is missing
    std::string v0_list = "410";  ///< 410, 410-as-200, list or empty
    bool gone_read_404 = false;   ///< else 200 with null
    std::string gone_destroy = "no_such_instance";
    int no_permission = 401;
    bool manual_time = false;
};

struct EndpointStatistics {
    std::uint64_t requests = 0;
    std::map<int, std::uint64_t> statuses;
    std::optional<Duration> least_interval;
    std::uint64_t too_frequent = 0;
    double interval_seconds = 0;
};

struct Route;

class World {
  public:
    World(std::vector<AccountSpec> accounts, Instant begin, std::uint64_t seed, Settings settings);

    /// Plays all accounts on.
    void advance_to(Instant instant);

    Instant now() const { return now_; }

    /// A request to the API.
    HttpReply serve(const HttpRequest& request, Now now);

    /// A request to the control port.
    HttpReply control(const HttpRequest& request, Now now);

    const std::vector<std::unique_ptr<Account>>& accounts() const { return accounts_; }

    /// The account of that name, the first one for ""; else nothing.
    Account* find_account(std::string_view name) const;

    /// The account that lists that instance.
    Account* account_of(std::int64_t instance) const;

    Market& market() { return market_; }

    Faults& faults() { return faults_; }

    Settings& settings() { return settings_; }

    const std::map<std::string, EndpointStatistics>& statistics() const { return statistics_; }

    void forget_statistics() { statistics_.clear(); }

    /// What telemetry faults do to a row that is about to be served.
    void
    spoil_telemetry(boost::json::object& row, const Account& account, const Instance& instance);

  private:
    struct Visitor {
        Account* account = nullptr;
        KeySpec key;
    };

    HttpReply answer(const HttpRequest& request, Now now, std::string& endpoint);
    std::optional<HttpReply>
    admit(const HttpRequest& request, const Route& route, const Visitor* visitor, Now now);
    Duration delay_by_fault(const std::string& endpoint, std::string_view account);
    std::optional<Visitor> identify(const HttpRequest& request, HttpReply& refusal);
    bool
    in_pace(const std::string& endpoint, const std::string& identity, double interval, Now now);
    HttpReply too_frequent(std::string_view form, double interval);
    std::optional<HttpReply> refuse_by_fault(const std::string& endpoint, std::string_view account);
    void spoil(HttpReply& reply, const std::string& endpoint, std::string_view account);

    Settings settings_;
    std::uint64_t seed_;
    Instant now_;
    std::vector<std::unique_ptr<Account>> accounts_;
    Market market_;
    Faults faults_;
    std::map<std::string, MonoTime> last_request_;
    std::map<std::string, MonoTime> last_served_;
    std::map<std::string, EndpointStatistics> statistics_;
    std::uint64_t refusals_ = 0;
};

}  // namespace vastwatch::vastsim
