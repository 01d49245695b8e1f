// Reads what a restart begins from: all that is open or in force, and the recent past.
#pragma once

#include "engine/changes.hpp"

#include <SQLiteCpp/Database.h>

namespace vastwatch::store {

/// In order of keys or time, oldest first. Throws Corrupt, SQLite::Exception.
engine::Changes load_changes(SQLite::Database& database);

}  // namespace vastwatch::store
