#include "net/idle_pool.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace vastwatch::net {

namespace {

constexpr std::size_t most_per_peer = 4;
constexpr std::size_t most_in_all = 64;
constexpr std::chrono::seconds longest_idle{30};

}  // namespace

std::shared_ptr<Connection> IdlePool::take(const std::string& peer) {
    drop_old();
    for (auto at = entries_.end(); at != entries_.begin();) {
        --at;
        if (at->peer != peer) {
            continue;
        }
        auto connection = std::move(at->connection);
        at = entries_.erase(at);
        if (connection->is_quiet()) {
            return connection;
        }
    }
    return nullptr;
}

void IdlePool::put(const std::string& peer, std::shared_ptr<Connection> connection) {
    drop_old();
    const auto same = std::ranges::count(entries_, peer, &Entry::peer);
    if (static_cast<std::size_t>(same) >= most_per_peer) {
        entries_.erase(std::ranges::find(entries_, peer, &Entry::peer));
    } else if (entries_.size() >= most_in_all) {
        entries_.pop_front();
    }
    entries_.push_back(Entry{peer, std::move(connection), std::chrono::steady_clock::now()});
}

void IdlePool::drop_old() {
    const auto oldest = std::chrono::steady_clock::now() - longest_idle;
    std::erase_if(entries_, [oldest](const Entry& entry) { return entry.since < oldest; });
}

}  // namespace vastwatch::net
