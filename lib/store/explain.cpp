#include "store/corrupt.hpp"
#include "store/database.hpp"

#include <SQLiteCpp/Exception.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <system_error>

namespace vastwatch::store {
namespace {

/// Some of SQLite's own files it cannot make on a full disk, and says something else of that.
bool no_space_left(const std::filesystem::path& file) {
    constexpr std::uintmax_t little = std::uintmax_t{64} * 1024;
    std::error_code error;
    const auto space = std::filesystem::space(file.parent_path(), error);
    return !error && space.available < little;
}

std::string cause(const SQLite::Exception& error, const std::filesystem::path& file) {
    const int code = error.getErrorCode();
    if (code == SQLITE_FULL ||
        ((code == SQLITE_IOERR || code == SQLITE_CANTOPEN) && no_space_left(file))) {
        return "the disk is full";
    }
    switch (code) {
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            return "it cannot be written to (read-only, or rights are missing)";
        case SQLITE_CANTOPEN:
            return "it or a file beside it cannot be opened or created";
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return "another process keeps it locked";
        case SQLITE_IOERR:
            return "the medium does not read or write";
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return "it is damaged; restart vastwatchd to set it aside and begin a new one";
        case SQLITE_NOMEM:
            return "memory is short";
        default:
            return "the database refuses";
    }
}

}  // namespace

StoreError explain(const std::exception& error, const std::filesystem::path& file) {
    if (const auto* of_sqlite = dynamic_cast<const SQLite::Exception*>(&error)) {
        return StoreError{fmt::format(
            "cannot use {}: {} (SQLite {}: {})",
            file.string(),
            cause(*of_sqlite, file),
            of_sqlite->getExtendedErrorCode(),
            of_sqlite->what())};
    }
    return StoreError{fmt::format("cannot use {}: {}", file.string(), error.what())};
}

}  // namespace vastwatch::store
