// Where the simulated machine's files are.
#pragma once

#include <filesystem>

namespace vastwatch::simulation {

/// A directory in memory that is this process's own, under a name that is the same in every one:
/// what the daemon says of its files is part of a life, in alerts, mails and the audit chain, and a
/// seed has to give the same life everywhere. The first call makes it the working directory; it
/// goes with the process.
std::filesystem::path scratch_directory();

}  // namespace vastwatch::simulation
