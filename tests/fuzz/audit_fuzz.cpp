// The audit log after hostile hands or a broken disk. The first byte chooses: even, the rest is the
// file as it is, with rotated files before it where there is a 0x1E; odd, the rest says how a log
// of our own is made and then damaged. Either way it is opened, repaired, appended to, verified,
// read and at last rotated.
#include "audit/audit.hpp"
#include "audit/chain.hpp"
#include "audit/line.hpp"
#include "audit/writer.hpp"
#include "fuzz.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace vastwatch::fuzz {
namespace {

constexpr std::uint64_t rotate_at = std::uint64_t{1} << 40U;

const MemoryDirectory& directory() {
    static const MemoryDirectory made;
    return made;
}

audit::Record record_of(Input& input) {
    audit::Record record;
    record.time = Instant{std::chrono::seconds{1'795'287'845 + input.byte()}};
    record.action = "warn";
    const auto shape = input.byte();
    const auto text = std::string(input.line());
    if ((shape & 1U) != 0) {
        record.label = text;
    }
    if ((shape & 2U) != 0) {
        record.recipe = text;
    }
    if ((shape & 4U) != 0) {
        record.reasons = std::vector<std::string>(2, text);
    }
    if ((shape & 8U) != 0) {
        record.team = TeamName{text};
    }
    if ((shape & 16U) != 0) {
        record.dph = UsdPerHour::from_nanos(static_cast<std::int64_t>(input.number()));
    }
    return record;
}

/// What came of making a log and damaging it.
struct Made {
    std::string bytes;
    bool only_end = true;  // the damage is such as a crash does: bytes at the end are missing
};

Made make_log(Input& input) {
    Made made;
    audit::Chain chain;
    std::size_t count = 1 + input.byte() % 4;
    while (count-- > 0) {
        const auto line = audit::format_line(record_of(input), chain.next_seq(), chain.tip());
        require(audit::is_record(line), "a line that we write is a record", line);
        require(line.find('\n') == std::string::npos, "a record is one line", line);
        require(is_utf8(line), "a record is UTF-8", line);
        require(audit::link_of(line).has_value(), "a line that we write has its links", line);
        require(audit::mark_of(line).has_value(), "a line that we write can be found", line);
        require(chain.add(line).empty(), "a line that we write chains", line);
        made.bytes += line + "\n";
    }
    const auto damage = input.byte() % 8;
    const auto at = made.bytes.empty() ? 0 : input.number() % made.bytes.size();
    if (damage < 5) {
        made.bytes.resize(made.bytes.size() - (damage == 0 ? 0 : at));
    } else if (damage == 5) {
        made.bytes += input.rest();
        made.only_end = false;
    } else if (damage == 6) {
        made.bytes[at] = static_cast<char>(input.byte());
        made.only_end = false;
    } else {
        made.bytes.erase(at, 1 + input.byte());
        made.only_end = false;
    }
    return made;
}

std::size_t count_lines(std::string_view text) {
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    return lines + (text.empty() || text.ends_with('\n') ? 0 : 1);
}

/// What of a file must still be there after a repair: everything but a last line that is not whole.
std::string_view kept_part(std::string_view text) {
    if (text.empty()) {
        return text;
    }
    const bool ended = text.ends_with('\n');
    const auto body = ended ? text.substr(0, text.size() - 1) : text;
    const auto before = body.rfind('\n');
    const auto begin = before == std::string_view::npos ? 0 : before + 1;
    return ended && audit::is_record(body.substr(begin)) ? text : text.substr(0, begin);
}

void must_succeed(const std::optional<audit::AuditError>& error) {
    require(!error, "a disk that works is no error", error ? error->message : std::string());
}

/// Problems after line `first`, which is where our own lines begin.
void check_from(const audit::Verdict& verdict, std::size_t first) {
    constexpr std::string_view name = "audit.jsonl line ";
    for (const auto& problem : verdict.problems) {
        require_shown(problem, 1000, "a problem is one printable line");
        const auto at = problem.find(name);
        if (at == std::string::npos) {
            continue;
        }
        const auto number = std::stoull(problem.substr(at + name.size()));
        require(number <= first, "what is appended verifies", problem);
    }
}

/// Rotating changes neither what verifies nor what is there.
void check_rotation(const audit::Verdict& before) {
    audit::Writer writer(directory().path(), 1);
    std::string problem;
    must_succeed(writer.open(problem));
    Input none({});
    must_succeed(writer.append(std::vector<audit::Record>(1, record_of(none))));
    must_succeed(writer.append(std::vector<audit::Record>(2, record_of(none))));
    const auto after = audit::verify(directory().path());
    require(after.records == before.records + 3, "rotating loses nothing");
    require(
        !before.problems.empty() || after.problems.empty(),
        "rotating breaks no chain",
        after.problems.empty() ? std::string() : after.problems.front());
}

void check_read(const std::string& content) {
    constexpr std::size_t limit = 3;
    const auto lines = audit::read(directory().path(), std::nullopt, std::nullopt, limit);
    require(lines.size() <= limit, "lines are bounded");
    std::size_t at = 0;
    for (const auto& line : lines) {
        at = content.find(line + "\n", at);
        require(at != std::string::npos, "a line is given as it is stored, in order", line);
        ++at;
    }
    const Instant since{std::chrono::seconds{1'795'287'900}};
    for (const auto& line : audit::read(directory().path(), TeamName{"a"}, since, limit)) {
        const auto mark = audit::mark_of(line);
        require(mark && mark->time >= since && mark->team == "a", "what is asked for is given");
    }
}

void check(const std::vector<std::string>& rotated, const std::string& before, bool only_end) {
    const auto file = directory().path() / "audit.jsonl";
    const auto kept = std::string(kept_part(before));
    std::string problem;
    audit::Writer writer(directory().path(), rotate_at);
    must_succeed(writer.open(problem));
    require(!only_end || problem.empty(), "what a crash leaves is no broken chain", problem);
    const bool torn = writer.torn();
    require(torn == (kept.size() != before.size()), "a line that is not whole is torn");
    must_succeed(writer.repair());
    const auto repaired = read_file(file).value_or("");
    require(repaired.starts_with(kept), "no whole line is lost", repaired);
    if (torn) {
        const auto aside = read_file(directory().path() / "audit.torn-1").value_or("");
        require(kept + aside == before, "what is cut off is kept aside", aside);
        require(count_lines(repaired) == count_lines(kept) + 1, "a repair is noted", repaired);
    } else {
        require(repaired == before, "what is whole is not changed", repaired);
    }
    must_succeed(writer.repair());
    require(read_file(file) == repaired, "to repair again changes nothing");

    audit::Writer second(directory().path(), rotate_at);
    std::string second_problem;
    must_succeed(second.open(second_problem));
    require(!second.torn(), "what was repaired is not torn");
    require(only_end ? second_problem.empty() : true, "what was repaired is whole", second_problem);
    Input none({});
    must_succeed(second.append(std::vector<audit::Record>(2, record_of(none))));
    const auto after = read_file(file).value_or("");
    require(after.starts_with(repaired), "appending changes nothing before", after);
    require(count_lines(after) == count_lines(repaired) + 2, "appending appends", after);

    const auto verdict = audit::verify(directory().path());
    std::size_t lines = count_lines(after);
    std::string all;
    for (const auto& content : rotated) {
        lines += count_lines(content);
        all += content;
    }
    require(verdict.records == lines, "every line is counted");
    require(
        !only_end || verdict.problems.empty(),
        "what a crash leaves verifies in the end",
        verdict.problems.empty() ? std::string() : verdict.problems.front());
    check_from(verdict, count_lines(kept));
    check_read(all + after);
    check_rotation(verdict);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(text_of(data, size));
    directory().clear();
    Made made;
    std::vector<std::string> rotated;
    if (input.byte() % 2 == 0) {
        const auto files = split(input.rest(), '\x1e');
        made.bytes = files.back();
        made.only_end = false;
        rotated.assign(files.begin(), files.end() - 1);
    } else {
        made = make_log(input);
    }
    for (std::size_t i = 0; i < rotated.size(); ++i) {
        const auto name = fmt::format("audit-{}.jsonl", i + 1);
        write_file(directory().path() / name, rotated[i]);
    }
    write_file(directory().path() / "audit.jsonl", made.bytes);
    check(rotated, made.bytes, made.only_end);
    return 0;
}

}  // namespace vastwatch::fuzz
