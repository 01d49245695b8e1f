// What was written to files and not yet synced, so that a power cut can take it away again. Only
// kept when a power cut is what the environment asks for. Any thread may call anything here.
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace vastwatch::crash_points {

/// Before `size` bytes are written at `offset` (-1: at the end, or where the descriptor stands).
void before_write(int descriptor, std::size_t size, off_t offset);

/// Before the file gets this length.
void before_resize(int descriptor, off_t length);

/// After a successful fsync or fdatasync.
void synced(int descriptor);

/// Takes every write since the last sync of its file back, the newest first.
void lose_unsynced();

}  // namespace vastwatch::crash_points
