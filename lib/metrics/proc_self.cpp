#include "metrics/proc_self.hpp"

#include "metrics/text_format.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>

namespace vastwatch::metrics {
namespace {

std::string read(const char* path) {
    std::ifstream file{path};
    std::ostringstream text;
    text << file.rdbuf();
    return std::move(text).str();
}

/// The fields of /proc/self/stat after the program's name, which may itself hold blanks and
/// parentheses. Field 3 of proc(5) is number 0 here.
class Stat {
  public:
    Stat() {
        const auto text = read("/proc/self/stat");
        const auto name_end = text.rfind(')');
        if (name_end == std::string::npos) {
            return;
        }
        std::istringstream fields{text.substr(name_end + 1)};
        std::string state;
        fields >> state;
        for (std::size_t i = 1; i < values_.size() && fields >> values_[i]; ++i) {
            known_ = i;
        }
    }

    /// By its number in proc(5); nothing when there are not that many.
    std::optional<std::int64_t> field(std::size_t number) const {
        const auto index = number - 3;
        return index >= 1 && index <= known_ ? std::optional{values_[index]} : std::nullopt;
    }

  private:
    // Field 25 is a limit that may exceed 63 bits: nothing from there on is read.
    std::array<std::int64_t, 22> values_{};
    std::size_t known_ = 0;
};

double seconds_of(clockid_t clock) {
    std::timespec time{};
    (void)::clock_gettime(clock, &time);  // fails for clocks that do not exist
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

/// When the machine was booted, in Unix seconds. From the clocks, because a sandboxed service does
/// not see /proc/stat; asked once, so that a clock that is set does not look like a restart.
double boot_time() {
    static const double booted = seconds_of(CLOCK_REALTIME) - seconds_of(CLOCK_BOOTTIME);
    return booted;
}

std::optional<std::int64_t> open_descriptors() {
    std::error_code error;
    std::int64_t count = 0;
    auto entry = std::filesystem::directory_iterator{"/proc/self/fd", error};
    for (; !error && entry != std::filesystem::directory_iterator{}; entry.increment(error)) {
        ++count;
    }
    // One of them was the reading of the directory itself.
    return error ? std::nullopt : std::optional{count - 1};
}

void append(
    std::string& out,
    std::string_view name,
    std::string_view type,
    std::string_view help,
    std::string_view value) {
    append_header(out, name, help, type);
    append_sample(out, name, {}, value);
}

void append_times(std::string& out, const Stat& stat) {
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    const auto user = stat.field(14);
    const auto system = stat.field(15);
    if (user && system) {
        append(
            out,
            "process_cpu_seconds_total",
            "counter",
            "Processor time used, user and system.",
            fmt::format("{}", static_cast<double>(*user + *system) / ticks));
    }
    if (const auto started = stat.field(22)) {
        const auto seconds = boot_time() + static_cast<double>(*started) / ticks;
        append(
            out,
            "process_start_time_seconds",
            "gauge",
            "When the process started, in Unix seconds.",
            fmt::format("{:.2f}", seconds));
    }
}

void append_sizes(std::string& out, const Stat& stat) {
    if (const auto bytes = stat.field(23)) {
        append(
            out,
            "process_virtual_memory_bytes",
            "gauge",
            "Virtual memory.",
            std::to_string(*bytes));
    }
    if (const auto pages = stat.field(24)) {
        append(
            out,
            "process_resident_memory_bytes",
            "gauge",
            "Resident memory.",
            std::to_string(*pages * ::sysconf(_SC_PAGESIZE)));
    }
    if (const auto threads = stat.field(20)) {
        append(out, "process_threads", "gauge", "Threads.", std::to_string(*threads));
    }
}

}  // namespace

void append_process_figures(std::string& out) {
    const Stat stat;
    append_times(out, stat);
    append_sizes(out, stat);
    if (const auto count = open_descriptors()) {
        append(out, "process_open_fds", "gauge", "Open file descriptors.", std::to_string(*count));
    }
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        append(
            out,
            "process_max_fds",
            "gauge",
            "Limit of open file descriptors.",
            std::to_string(limit.rlim_cur));
    }
}

}  // namespace vastwatch::metrics
