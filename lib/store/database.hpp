// The SQLite database: opened and checked, read as a whole, written one transaction at a time. Not
// safe for several threads at once; used by the opening thread first and by the worker's after.
#pragma once

#include "engine/changes.hpp"
#include "store/store.hpp"

#include <sys/types.h>

#include <exception>
#include <filesystem>
#include <memory>
#include <optional>

namespace vastwatch::store {

/// A database that a later version of this program has written.
struct Newer {
    int version = 0;
};

class Database {
  public:
    /// Opens or creates `file` and checks all of it. Throws Corrupt when it is damaged or no
    /// database of ours, SQLite::Exception when it cannot be used, Newer (above).
    explicit Database(const std::filesystem::path& file);
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database();

    /// Everything that a restart needs. Throws Corrupt or SQLite::Exception.
    engine::Changes load_all();

    /// One transaction; on an error nothing of it is kept. Files that were removed or replaced
    /// under it are an error: what is written to them is gone with the process.
    std::optional<StoreError> commit(const engine::Changes& changes);

  private:
    class Statements;

    struct FileId {
        dev_t device = 0;
        ino_t inode = 0;

        friend bool operator==(const FileId&, const FileId&) = default;
    };

    static std::optional<FileId> id_of(const std::filesystem::path& file);
    std::optional<StoreError> find_moved();

    void write(const engine::Changes& changes);
    void write_fleet(const engine::Changes& changes);
    void write_ledger(const ledger::Changes& changes);
    void write_enforcement(const engine::Changes& changes);
    void write_alerts(const engine::Changes& changes);
    void prune_when_due(Instant now);

    std::filesystem::path file_;
    std::unique_ptr<Statements> statements_;
    std::optional<FileId> log_;  // the write-ahead log, once there is one
};

/// What `error` means, for people: "cannot write FILE: the disk is full".
StoreError explain(const std::exception& error, const std::filesystem::path& file);

}  // namespace vastwatch::store
