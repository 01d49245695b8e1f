#include "daemon/scratch.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <system_error>

namespace vastwatch::simulation {
namespace {

namespace fs = std::filesystem;

class Scratch {
  public:
    Scratch() : path_(fmt::format("/dev/shm/vastwatch-sim-{}", ::getpid())) {
        fs::create_directories(path_);
        fs::current_path(path_);
    }

    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    ~Scratch() {
        std::error_code ignored;
        fs::current_path("/", ignored);
        fs::remove_all(path_, ignored);
    }

  private:
    fs::path path_;
};

}  // namespace

fs::path scratch_directory() {
    static const Scratch scratch;
    return "/proc/self/cwd";
}

}  // namespace vastwatch::simulation
