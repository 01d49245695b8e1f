// What can be rented: the made-up offers, and the server's way of searching them.
#pragma once

#include "model/behaviour.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace vastwatch::vastsim {

struct Offer {
    std::int64_t id = 0;
    std::int64_t machine_id = 0;
    std::string gpu_name;
    std::int64_t num_gpus = 1;
    double dph_base = 0;
    double min_bid = 0;
    double storage_cost = 0.15;
    double inet_up_cost = 0.003;
    double inet_down_cost = 0.001;
    double disk_space = 1000;
    double reliability = 0.99;
    bool verified = true;
    std::string geolocation;
    std::string country;
    Instant end_date;
};

class Market {
  public:
    Market(std::size_t offers, Instant begin, std::uint64_t seed);

    /// Nothing when it was taken or never existed.
    const Offer* find(std::int64_t id) const;

    /// Rents it: the machine comes back under another id, as on the real market.
    void take(std::int64_t id);

    /// At most 64 rows, as the query of API section 6.2 asks.
    boost::json::array search(const boost::json::object& query, Instant now) const;

    const std::vector<Offer>& offers() const { return offers_; }

  private:
    std::vector<Offer> offers_;
    std::int64_t last_id_ = 28'800'000;
};

/// The row of one offer, priced for so much disk, as a bid or on demand.
boost::json::object offer_row(const Offer& offer, double disk, bool bid, Instant now);

}  // namespace vastwatch::vastsim
