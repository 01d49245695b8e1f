#include "net/resolver.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/errc.hpp>

#include <netdb.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace vastwatch::net {

namespace asio = boost::asio;

namespace {

constexpr auto as_value = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t most_names = 16;

boost::system::error_code resolve_error(int code) {
    switch (code) {
        case EAI_AGAIN:
            return asio::error::host_not_found_try_again;
        case EAI_MEMORY:
            return asio::error::no_memory;
        case EAI_NONAME:
        case EAI_NODATA:
            return asio::error::host_not_found;
        default:
            return asio::error::no_recovery;
    }
}

}  // namespace

asio::awaitable<Resolved> Lookup::wait(
    std::shared_ptr<Lookup> lookup,
    std::chrono::steady_clock::time_point deadline) {
    if (!lookup->answer_) {
        lookup->wake_.expires_at(deadline);
        co_await lookup->wake_.async_wait(as_value);
    }
    if (!lookup->answer_) {
        const bool expired = std::chrono::steady_clock::now() >= deadline;
        boost::system::error_code error = asio::error::operation_aborted;
        if (expired) {
            error = asio::error::timed_out;
        }
        co_return error;
    }
    co_return std::move(*lookup->answer_);
}

void Lookup::cancel() {
    wake_.cancel();
}

void Lookup::answer(Resolved resolved) {
    answer_ = std::move(resolved);
    wake_.cancel();
}

/// What a thread may touch of the resolver: nothing, once the resolver has gone.
struct Resolver::Gate {
    std::mutex mutex;
    Resolver* owner = nullptr;
};

Resolver::Resolver(asio::io_context& loop, Ask ask)
    : loop_(loop), ask_(std::move(ask)), gate_(std::make_shared<Gate>()) {
    gate_->owner = this;
}

Resolver::~Resolver() {
    const std::lock_guard lock{gate_->mutex};
    gate_->owner = nullptr;
}

std::shared_ptr<Lookup> Resolver::start(const std::string& host, std::uint16_t port) {
    auto lookup = std::make_shared<Lookup>(loop_);
    boost::system::error_code not_numeric;
    const auto address = asio::ip::make_address(host, not_numeric);
    if (!not_numeric) {
        lookup->answer(Addresses{asio::ip::tcp::endpoint{address, port}});
        return lookup;
    }
    const Name name{host, port};
    const auto found = under_way_.find(name);
    if (found != under_way_.end()) {
        found->second.push_back(lookup);
        return lookup;
    }
    if (under_way_.size() >= most_names) {
        lookup->answer(asio::error::make_error_code(asio::error::try_again));
        return lookup;
    }
    auto work = [gate = gate_, ask = ask_, name]() {
        auto resolved = ask(name.first, name.second);
        const std::lock_guard lock{gate->mutex};
        if (gate->owner == nullptr) {
            return;
        }
        // The gate is locked, so the loop is still there; the owner may go before the handler runs.
        asio::post(gate->owner->loop_, [gate, name, resolved = std::move(resolved)]() {
            if (gate->owner != nullptr) {
                gate->owner->finish(name, resolved);
            }
        });
    };
    try {
        std::thread{std::move(work)}.detach();
        under_way_[name].push_back(lookup);
    } catch (const std::system_error&) {
        lookup->answer(asio::error::make_error_code(asio::error::no_memory));
    }
    return lookup;
}

void Resolver::finish(const Name& name, const Resolved& resolved) {
    const auto found = under_way_.find(name);
    if (found == under_way_.end()) {
        return;
    }
    const auto waiting = std::move(found->second);
    under_way_.erase(found);
    for (const auto& weak : waiting) {
        if (const auto lookup = weak.lock()) {
            lookup->answer(resolved);
        }
    }
}

Resolved Resolver::ask_system(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
    addrinfo* first = nullptr;
    const int code = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &first);
    if (code != 0) {
        return resolve_error(code);
    }
    Addresses addresses;
    for (const auto* entry = first; entry != nullptr; entry = entry->ai_next) {
        asio::ip::tcp::endpoint endpoint;
        if (entry->ai_addrlen <= endpoint.capacity()) {
            endpoint.resize(entry->ai_addrlen);
            std::memcpy(endpoint.data(), entry->ai_addr, entry->ai_addrlen);
            addresses.push_back(endpoint);
        }
    }
    freeaddrinfo(first);
    if (addresses.empty()) {
        return asio::error::make_error_code(asio::error::host_not_found);
    }
    return addresses;
}

}  // namespace vastwatch::net
