// The database's tables, version by version.
#pragma once

#include <SQLiteCpp/Database.h>

namespace vastwatch::store {

/// The version that this program writes: how many steps schema.cpp has.
int schema_version();

/// Brings a database of `version` (0 = empty) to schema_version(), each step in one transaction.
/// Throws SQLite::Exception.
void migrate(SQLite::Database& database, int version);

}  // namespace vastwatch::store
