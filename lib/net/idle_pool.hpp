// Connections kept open between requests: at most 4 for each peer and 64 in all, none for longer
// than 30 s. Has no timer of its own, which would keep the loop from ending: what is too old goes
// at the next call.
#pragma once

#include "net/connection.hpp"

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <string>

namespace vastwatch::net {

class IdlePool {
  public:
    /// The connection to `peer` used last that is still good; null when there is none.
    std::shared_ptr<Connection> take(const std::string& peer);

    void put(const std::string& peer, std::shared_ptr<Connection> connection);

    void clear() { entries_.clear(); }

    std::size_t size() const { return entries_.size(); }

  private:
    struct Entry {
        std::string peer;
        std::shared_ptr<Connection> connection;
        std::chrono::steady_clock::time_point since;
    };

    void drop_old();

    std::list<Entry> entries_;  // oldest first
};

}  // namespace vastwatch::net
