#include "audit/line.hpp"
#include "support.hpp"

#include <sys/stat.h>

#include <limits>

using namespace vastwatch;
using namespace vastwatch::audit;
using namespace vastwatch::audit::test;

namespace {

const std::string zeros(64, '0');

/// The line that a record alone in a log becomes.
std::string line_of(const Record& record) {
    const TempDir directory;
    must_append(*must_open(directory.path()).log, std::vector<Record>{record});
    return lines_of(directory.log()).at(0);
}

Record bare() {
    Record record;
    record.time = at(0);
    record.action = "pause";
    return record;
}

}  // namespace

TEST_CASE("a record has its number, time, action, actor and link, and nothing that is not set") {
    CHECK(
        line_of(bare()) == R"({"seq":1,"timestamp":"2026-11-21T19:04:05.123Z","action":"pause",)"
                           R"("actor":"vastwatchd","prev":")" +
                               zeros + R"("})");
}

TEST_CASE("a record has every detail that is set, money as exact decimals") {
    Record record = bare();
    record.action = "destroy";
    record.actor = "uid:1000";
    record.account = AccountName{"main"};
    record.team = TeamName{"research"};
    record.instance = InstanceId{std::numeric_limits<std::int64_t>::max()};
    record.label = "research-7";
    record.gpu = "RTX 4090";
    record.num_gpus = 4;
    record.offer_id = 99;
    record.dph = UsdPerHour::from_nanos(1'600'000'001);
    record.duration_hours = 2.5;
    record.total_cost = Usd::from_nanos(std::numeric_limits<std::int64_t>::max());
    record.reasons = {"idle for 2h", "daily cap"};
    record.outcome = "confirmed";
    record.recipe = R"({"image":"pytorch"})";
    record.detail = "gone in two sweeps";
    CHECK(
        line_of(record) ==
        R"({"seq":1,"timestamp":"2026-11-21T19:04:05.123Z","team":"research","account":"main",)"
        R"("action":"destroy","actor":"uid:1000","instance_id":9223372036854775807,)"
        R"("label":"research-7","gpu":"RTX 4090","num_gpus":4,"offer_id":99,"dph":1.600000001,)"
        R"("duration_hours":2.5,"total_cost":9223372036.854775807,)"
        R"("reasons":["idle for 2h","daily cap"],"outcome":"confirmed",)"
        R"("recipe":{"image":"pytorch"},"detail":"gone in two sweeps","prev":")" +
            zeros + R"("})");
}

TEST_CASE("quotes, newlines and control characters stay within their line") {
    Record record = bare();
    record.label = "a\"b\\c\nd\re\tf\x01";
    record.label += '\0';
    CHECK(contains(line_of(record), R"("label":"a\"b\\c\nd\re\tf\u0001\u0000")"));
}

TEST_CASE("bytes that are not UTF-8 become replacement characters") {
    Record record = bare();
    record.label =
        "a\xff"
        "b";
    record.reasons = {"\xc0\xaf"};
    const auto line = line_of(record);
    CHECK(contains(
        line,
        "\"label\":\"a\xEF\xBF\xBD"
        "b\""));
    CHECK(contains(line, "\"reasons\":[\"\xEF\xBF\xBD\xEF\xBF\xBD\"]"));
}

TEST_CASE("a recipe over several lines becomes one line") {
    Record record = bare();
    record.recipe = "{\n \"image\":\t\"x\"\r\n}";
    CHECK(contains(line_of(record), R"("recipe":{  "image": "x"  })"));
}

TEST_CASE("a recipe that nests as deep as a line may is kept as a text") {
    // Inside a line it would be one level deeper, and the line no record to the next start.
    for (const std::size_t levels : {30U, 31U, 32U, 33U}) {
        CAPTURE(levels);
        Record record = numbered(1);
        record.recipe =
            "{\"a\":" + std::string(levels - 1, '[') + std::string(levels - 1, ']') + "}";
        CHECK(is_record(line_of(record)));
        CHECK(contains(line_of(record), R"("recipe":{)") == (levels < 32));
    }
}

TEST_CASE("a recipe that is not a JSON object is kept as a text") {
    Record record = bare();
    record.recipe = "}\n{";
    CHECK(contains(line_of(record), R"("recipe":"}\n{")"));
}

TEST_CASE("a duration that is not a number is left out") {
    Record record = bare();
    record.duration_hours = std::numeric_limits<double>::quiet_NaN();
    CHECK(!contains(line_of(record), "duration_hours"));
}

TEST_CASE("whatever a record holds, the log verifies") {
    const TempDir directory;
    std::string every_byte;
    for (int byte = 0; byte < 256; ++byte) {
        every_byte += static_cast<char>(byte);
    }
    Record record = bare();
    record.action = every_byte;
    record.actor = every_byte;
    record.account = AccountName{every_byte};
    record.team = TeamName{every_byte};
    record.label = every_byte;
    record.gpu = every_byte;
    record.reasons = {every_byte, ""};
    record.outcome = every_byte;
    record.recipe = every_byte;
    record.detail = every_byte;
    must_append(*must_open(directory.path()).log, std::vector<Record>{record, record});
    CHECK(problems(directory.path()) == "");
    CHECK(verify(directory.path()).records == 2);
}

TEST_CASE("the file is readable by its owner only") {
    const TempDir directory;
    const auto opened = must_open(directory.path());
    struct stat status{};
    REQUIRE(::stat(directory.log().c_str(), &status) == 0);
    CHECK((status.st_mode & 07777U) == 0600U);
}
