#include "support.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <fstream>
#include <sstream>
#include <utility>

namespace vastwatch::audit::test {

namespace fs = std::filesystem;

TempDir::TempDir() {
    std::string name = (fs::temp_directory_path() / "vastwatch-audit-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
}

TempDir::~TempDir() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

Instant at(int seconds) {
    return Instant{std::chrono::seconds{1'795'287'845} + std::chrono::milliseconds{123}} +
           std::chrono::seconds{seconds};
}

Record numbered(int number, const std::string& team) {
    Record record;
    record.time = at(number);
    record.action = "warn";
    record.team = TeamName{team};
    record.detail = fmt::format("record {}", number);
    return record;
}

Opened must_open(const fs::path& directory, std::uint64_t rotate_at) {
    auto result = open(directory, rotate_at);
    if (auto* error = std::get_if<AuditError>(&result)) {
        FAIL(error->message);
    }
    return std::get<Opened>(std::move(result));
}

std::optional<AuditError> append(Log& log, std::vector<Record> records) {
    boost::asio::io_context loop{1};
    std::optional<AuditError> result;
    auto task = log.append(std::move(records));
    boost::asio::co_spawn(
        loop,
        std::move(task),
        [&result](std::exception_ptr thrown, std::optional<AuditError> error) {
            REQUIRE(thrown == nullptr);
            result = std::move(error);
        });
    loop.run();
    return result;
}

void must_append(Log& log, std::vector<Record> records) {
    const auto error = append(log, std::move(records));
    INFO(error.value_or(AuditError{}).message);
    REQUIRE(!error);
}

void fill(const fs::path& directory, int count, std::uint64_t rotate_at) {
    const auto opened = must_open(directory, rotate_at);
    for (int i = 1; i <= count; ++i) {
        must_append(*opened.log, std::vector<Record>{numbered(i)});
    }
}

std::string content(const fs::path& file) {
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

void set_content(const fs::path& file, const std::string& text) {
    std::ofstream out{file, std::ios::binary};
    out << text;
}

std::vector<std::string> lines_of(const fs::path& file) {
    std::istringstream in{content(file)};
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) {
        lines.push_back(line);
    }
    return lines;
}

void set_lines(const fs::path& file, const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines) {
        text += line + "\n";
    }
    set_content(file, text);
}

std::string problems(const fs::path& directory) {
    std::string text;
    for (const auto& problem : verify(directory).problems) {
        text += problem + "\n";
    }
    return text;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace vastwatch::audit::test
