#include "store/corrupt.hpp"
#include "store/database.hpp"

#include <SQLiteCpp/Exception.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <string>

namespace vastwatch::store {
namespace {

std::string cause(const SQLite::Exception& error) {
    switch (error.getErrorCode()) {
        case SQLITE_FULL:
            return "the disk is full";
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
            cause(*of_sqlite),
            of_sqlite->getExtendedErrorCode(),
            of_sqlite->what())};
    }
    return StoreError{fmt::format("cannot use {}: {}", file.string(), error.what())};
}

}  // namespace vastwatch::store
