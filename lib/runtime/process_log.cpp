#include "runtime/process_log.hpp"

#include "base/text.hpp"
#include "runtime/message_ids.hpp"

// The location would be this file's, the same for every entry.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>

namespace vastwatch::runtime {

namespace {

constexpr std::size_t longest_text = 2000;
constexpr std::size_t longest_field_name = 64;  // the journal's own limit

int syslog_priority(Level level) {
    switch (level) {
        case Level::debug:
            return 7;
        case Level::info:
            return 6;
        case Level::notice:
            return 5;
        case Level::warning:
            return 4;
        case Level::error:
            break;
    }
    return 3;
}

std::string quoted_if_needed(std::string_view value) {
    auto text = printable(value, longest_text);
    if (!text.empty() && text.find_first_of(" \"=\\") == std::string::npos) {
        return text;
    }
    std::string quoted = "\"";
    for (const char character : text) {
        if (character == '"' || character == '\\') {
            quoted += '\\';
        }
        quoted += character;
    }
    return quoted + '"';
}

/// All of it, unless the reader is gone: a log line is not worth ending for.
void write_fully(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return;
        }
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

}  // namespace

void LeveledLog::write(
    Level level,
    std::string_view event,
    std::string message,
    std::vector<Field> fields) {
    if (level >= level_) {
        emit(level, event, message, fields);
    }
}

std::string format_log_line(
    Instant time,
    Level level,
    std::string_view event,
    std::string_view message,
    const std::vector<Field>& fields) {
    auto line = fmt::format(
        "{} {} {}: {}",
        format_rfc3339_millis(time),
        to_string(level),
        printable(event),
        printable(message, longest_text));
    for (const auto& field : fields) {
        line += fmt::format(" {}={}", printable(field.key), quoted_if_needed(field.value));
    }
    return line;
}

std::string journal_field_name(std::string_view key) {
    std::string name = "VASTWATCH_";
    for (const char character : key.substr(0, longest_field_name - name.size())) {
        if (character >= 'a' && character <= 'z') {
            name += static_cast<char>(character - 'a' + 'A');
        } else if (
            (character >= 'A' && character <= 'Z') || (character >= '0' && character <= '9')) {
            name += character;
        } else {
            name += '_';
        }
    }
    return name;
}

void StderrLog::emit(
    Level level,
    std::string_view event,
    const std::string& message,
    const std::vector<Field>& fields) {
    const auto now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
    // One write per line, so that lines of several processes do not mix.
    write_fully(descriptor_, format_log_line(now, level, event, message, fields) + '\n');
}

void JournalLog::emit(
    Level level,
    std::string_view event,
    const std::string& message,
    const std::vector<Field>& fields) {
    std::vector<std::string> entry = {
        "MESSAGE=" + printable(message, longest_text),
        fmt::format("PRIORITY={}", syslog_priority(level)),
        "SYSLOG_IDENTIFIER=vastwatchd",
        "VASTWATCH_EVENT=" + printable(event)};
    if (const auto id = message_id(event, fields); !id.empty()) {
        entry.push_back("MESSAGE_ID=" + std::string{id});
    }
    for (const auto& field : fields) {
        entry.push_back(journal_field_name(field.key) + "=" + printable(field.value, longest_text));
    }
    std::vector<iovec> parts;
    parts.reserve(entry.size());
    for (auto& text : entry) {
        parts.push_back(iovec{.iov_base = text.data(), .iov_len = text.size()});
    }
    if (sd_journal_sendv(parts.data(), static_cast<int>(parts.size())) < 0) {
        fallback_.write(level, event, message, fields);
    }
}

bool is_journal_stream(std::string_view journal_stream, int descriptor) {
    struct stat status{};
    if (journal_stream.empty() || fstat(descriptor, &status) != 0) {
        return false;
    }
    return journal_stream == fmt::format("{}:{}", status.st_dev, status.st_ino);
}

std::unique_ptr<LeveledLog> make_process_log(Level level) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): read at the start, before there is a second thread
    const char* stream = std::getenv("JOURNAL_STREAM");
    if (stream != nullptr && is_journal_stream(stream, STDERR_FILENO)) {
        return std::make_unique<JournalLog>(level);
    }
    return std::make_unique<StderrLog>(level);
}

}  // namespace vastwatch::runtime
