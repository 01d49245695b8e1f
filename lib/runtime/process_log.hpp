// Where the process's log goes: lines on standard error, or entries with fields in the journal when
// systemd started it. One thread writes.
#pragma once

#include "base/time.hpp"
#include "runtime/log.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::runtime {

/// A log that drops what is below a level; the level can change while it runs (a reload).
class LeveledLog : public Log {
  public:
    explicit LeveledLog(Level level) : level_(level) {}

    Level level() const { return level_; }

    void set_level(Level level) { level_ = level; }

    void write(Level level, std::string_view event, std::string message, std::vector<Field> fields)
        final;

  protected:
    /// Gets only what passed.
    virtual void emit(
        Level level,
        std::string_view event,
        const std::string& message,
        const std::vector<Field>& fields) = 0;

  private:
    Level level_;
};

/// One line of text, without the newline: time, level, event, message, key=value …. Control
/// characters become '?', values with spaces are quoted, texts above 2000 characters are cut.
std::string format_log_line(
    Instant time,
    Level level,
    std::string_view event,
    std::string_view message,
    const std::vector<Field>& fields);

/// The journal's name of a field: VASTWATCH_ and the key in upper case, other characters '_'.
std::string journal_field_name(std::string_view key);

/// Lines on a file descriptor, standard error unless told; not closed at the end.
class StderrLog final : public LeveledLog {
  public:
    explicit StderrLog(Level level, int descriptor = 2)
        : LeveledLog(level), descriptor_(descriptor) {}

  protected:
    void emit(
        Level level,
        std::string_view event,
        const std::string& message,
        const std::vector<Field>& fields) override;

  private:
    int descriptor_;
};

/// Entries in the journal: MESSAGE, MESSAGE_ID, PRIORITY, SYSLOG_IDENTIFIER=vastwatchd,
/// VASTWATCH_EVENT and the fields. What the journal refuses goes to standard error. Waits when the
/// journal is behind: a log that loses lines is worth less, and the watchdog limits the wait.
class JournalLog final : public LeveledLog {
  public:
    explicit JournalLog(Level level) : LeveledLog(level), fallback_(level) {}

  protected:
    void emit(
        Level level,
        std::string_view event,
        const std::string& message,
        const std::vector<Field>& fields) override;

  private:
    StderrLog fallback_;
};

/// True when `journal_stream` ("device:inode", from the environment variable JOURNAL_STREAM) names
/// the file behind `descriptor`: then the journal reads it.
bool is_journal_stream(std::string_view journal_stream, int descriptor);

/// The journal when standard error leads there, else standard error.
std::unique_ptr<LeveledLog> make_process_log(Level level);

}  // namespace vastwatch::runtime
