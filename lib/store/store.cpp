#include "store/store.hpp"

#include "store/corrupt.hpp"
#include "store/database.hpp"
#include "store/files.hpp"
#include "store/schema.hpp"

#include <SQLiteCpp/Exception.h>
#include <fmt/format.h>

#include <exception>
#include <utility>

namespace vastwatch::store {
namespace {

namespace fs = std::filesystem;

/// One commit on its way through the worker. It shares the database: the coroutine that waits for
/// it may be gone before it has run.
class CommitJob {
  public:
    CommitJob(std::shared_ptr<Database> database, engine::Changes changes)
        : database_(std::move(database)), changes_(std::move(changes)) {}

    std::optional<StoreError> operator()() { return database_->commit(changes_); }

  private:
    std::shared_ptr<Database> database_;
    engine::Changes changes_;
};

class SqliteStore final : public Store {
  public:
    SqliteStore(
        DirectoryLock lock,
        std::shared_ptr<Database> database,
        std::shared_ptr<runtime::Worker> worker)
        : lock_(std::move(lock)), database_(std::move(database)), worker_(std::move(worker)) {}

    boost::asio::awaitable<std::optional<StoreError>> commit(engine::Changes changes) override {
        if (changes.empty()) {
            co_return std::nullopt;
        }
        CommitJob job{database_, std::move(changes)};
        auto result = co_await runtime::run_on(*worker_, std::move(job));
        co_return result;
    }

  private:
    // Destroyed in reverse: the worker ends what it was given, the database closes, and only then
    // may another process begin.
    DirectoryLock lock_;
    std::shared_ptr<Database> database_;
    std::shared_ptr<runtime::Worker> worker_;
};

struct Loaded {
    std::shared_ptr<Database> database;
    engine::Changes stored;
};

/// Throws what Database throws.
Loaded load(const fs::path& file) {
    Loaded loaded;
    loaded.database = std::make_shared<Database>(file);
    loaded.stored = loaded.database->load_all();
    return loaded;
}

/// Creates the file when it is not there; makes its name durable. A sentence on failure.
std::string prepare(const fs::path& file) {
    std::error_code ignored;
    const bool fresh = !fs::exists(file, ignored);
    auto problem = ensure_private_file(file);
    if (problem.empty() && fresh && !sync_directory(file.parent_path())) {
        problem = fmt::format("cannot make {} durable", file.string());
    }
    return problem;
}

/// What is in `file`, replacing it by a new database once when it is damaged.
std::variant<Loaded, StoreError> load_or_replace(
    const fs::path& file,
    std::optional<fs::path>& replaced) {
    for (;;) {
        if (auto problem = prepare(file); !problem.empty()) {
            return StoreError{std::move(problem)};
        }
        try {
            return load(file);
        } catch (const Corrupt& damage) {
            if (replaced) {
                return explain(damage, file);
            }
        } catch (const Newer& newer) {
            return StoreError{fmt::format(
                "{} was written by a later version of vastwatch (its schema version is {}, this "
                "program knows up to {}); install that version, or begin with another directory",
                file.string(),
                newer.version,
                schema_version())};
        } catch (const std::exception& error) {
            return explain(error, file);
        }
        auto moved = set_aside(file);
        if (auto* problem = std::get_if<std::string>(&moved)) {
            return StoreError{std::move(*problem)};
        }
        replaced = std::get<fs::path>(std::move(moved));
    }
}

}  // namespace

std::variant<Opened, StoreError> open(
    const fs::path& directory,
    std::shared_ptr<runtime::Worker> worker) {
    if (auto problem = ensure_directory(directory); !problem.empty()) {
        return StoreError{std::move(problem)};
    }
    auto lock = DirectoryLock::take(directory);
    if (auto* problem = std::get_if<std::string>(&lock)) {
        return StoreError{std::move(*problem)};
    }
    Opened opened;
    auto loaded = load_or_replace(directory / "state.db", opened.set_aside);
    if (auto* error = std::get_if<StoreError>(&loaded)) {
        return std::move(*error);
    }
    auto& content = std::get<Loaded>(loaded);
    if (!worker) {
        worker = std::make_shared<runtime::ThreadWorker>();
    }
    opened.stored = std::move(content.stored);
    opened.store = std::make_unique<SqliteStore>(
        std::get<DirectoryLock>(std::move(lock)), std::move(content.database), std::move(worker));
    return opened;
}

}  // namespace vastwatch::store
