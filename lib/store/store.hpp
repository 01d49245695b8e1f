// Durable state. Production is SQLite (WAL, synchronous=FULL) owned by one worker thread; the loop
// never waits for the disk.
#pragma once

#include "engine/changes.hpp"
#include "runtime/worker.hpp"

#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace vastwatch::store {

/// Why something could not be stored: one sentence for people ("the disk is full: …").
struct StoreError {
    std::string message;
};

class Store {
  public:
    Store() = default;
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;
    virtual ~Store() = default;

    /// Writes all of it in one transaction; nothing (success) once it is durable. On an error
    /// nothing of it was written. Commits happen in the order of the calls.
    virtual boost::asio::awaitable<std::optional<StoreError>> commit(engine::Changes changes) = 0;
};

/// An opened store and what was in it.
struct Opened {
    std::unique_ptr<Store> store;
    engine::Changes stored;
    std::optional<std::filesystem::path> set_aside;  // the corrupt database that was replaced
};

/// Opens or creates `directory`/state.db and reads everything. Blocks: call before the loop runs.
/// A second process on the same directory gets an error that names it (a lock file with its pid).
/// Commits run on `worker`, on a thread of the store's own when there is none.
std::variant<Opened, StoreError> open(
    const std::filesystem::path& directory,
    std::shared_ptr<runtime::Worker> worker = nullptr);

}  // namespace vastwatch::store
