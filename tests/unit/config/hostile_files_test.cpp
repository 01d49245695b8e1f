// Files that are no configuration at all: each gives an error, none hangs or crashes.
#include "support.hpp"

#include <sys/stat.h>

namespace vastwatch::config::test {
namespace {

namespace fs = std::filesystem;

Mistakes mistakes_at(const fs::path& file) {
    auto outcome = load(file, usual_surroundings());
    auto* mistakes = std::get_if<Mistakes>(&outcome);
    REQUIRE(mistakes != nullptr);
    REQUIRE(!mistakes->list.empty());
    return std::move(*mistakes);
}

TEST_CASE("a file that is not there is unreadable") {
    const auto mistakes = mistakes_at("/nonexistent/vastwatch.conf");
    CHECK(mistakes.unreadable);
    CHECK(
        mistakes.list.front().to_string() ==
        "/nonexistent/vastwatch.conf: cannot be read: No such file or directory");
}

TEST_CASE("a directory in place of the file is unreadable") {
    const TemporaryDirectory directory;
    const auto mistakes = mistakes_at(directory.path());
    CHECK(mistakes.unreadable);
    CHECK(mistakes.list.front().text == "cannot be read: is a directory");
}

TEST_CASE("a FIFO in place of the file is refused and not waited for") {
    const TemporaryDirectory directory;
    const auto file = directory.path() / "vastwatch.conf";
    REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
    CHECK(mistakes_at(file).list.front().text == "cannot be read: is not a regular file");
}

TEST_CASE("a file of more than a mebibyte is refused") {
    const TemporaryDirectory directory;
    const auto file = directory.write("vastwatch.conf", std::string(1024 * 1024 + 1, '\n'));
    CHECK(mistakes_at(file).list.front().text == "cannot be read: is larger than 1024 KiB");
}

TEST_CASE("a link in the directory that leads to itself is unreadable, the rest is still checked") {
    const TemporaryDirectory directory;
    const auto file = directory.write("v.conf", account + "[daemon]\nlog_level = \"loud\"\n");
    fs::create_directory(directory.path() / "v.conf.d");
    fs::create_symlink("loop.conf", directory.path() / "v.conf.d" / "loop.conf");
    const auto mistakes = mistakes_at(file);
    CHECK(mistakes.unreadable);
    REQUIRE(mistakes.list.size() == 2);
    CHECK(mistakes.list[0].key == "daemon.log_level");
    CHECK(mistakes.list[1].text.starts_with("cannot be read: Too many levels of symbolic links"));
}

TEST_CASE("a directory of files that leads to itself is unreadable") {
    const TemporaryDirectory directory;
    const auto file = directory.write("v.conf", account);
    fs::create_symlink("v.conf.d", directory.path() / "v.conf.d");
    CHECK(mistakes_at(file).unreadable);
}

TEST_CASE("a file in place of the directory of files is unreadable") {
    const TemporaryDirectory directory;
    const auto file = directory.write("v.conf", account);
    directory.write("v.conf.d", "");
    CHECK(mistakes_at(file).unreadable);
}

TEST_CASE("a directory among the files is unreadable") {
    const TemporaryDirectory directory;
    const auto file = directory.write("v.conf", account);
    fs::create_directories(directory.path() / "v.conf.d" / "x.conf");
    const auto mistakes = mistakes_at(file);
    CHECK(mistakes.unreadable);
    CHECK(mistakes.list.front().text == "cannot be read: is a directory");
}

TEST_CASE("nothing is called undefined when a file could not be read") {
    const TemporaryDirectory directory;
    const auto file =
        directory.write("v.conf", account + "team = \"a\"\n[defaults]\nnotify = [\"ops\"]\n");
    fs::create_directories(directory.path() / "v.conf.d" / "x.conf");
    CHECK(mistakes_at(file).list.size() == 1);
}

TEST_CASE("the deepest nesting that a mebibyte can hold is an error, not a crash") {
    for (const auto* piece : {"[", "{a=", "a.", "[a.", "\"a\".", "x=[{a.a.a.a=[", "'''", "\"\\"}) {
        CAPTURE(piece);
        std::string text = "x = ";
        while (text.size() < 1000 * 1000) {
            text += piece;
        }
        CHECK(mistakes_of(text) != "");
        CHECK(mistakes_of(text.substr(4)) != "");
    }
}

TEST_CASE("mistakes beyond a thousand are counted") {
    std::string text = account;
    for (int i = 0; i < 1500; ++i) {
        text += "unknown" + std::to_string(i) + " = 1\n";
    }
    const auto mistakes = mistakes_of(text);
    CHECK(mistakes.ends_with("and 500 more mistakes\n"));
}

TEST_CASE("control characters of the file do not reach the terminal") {
    const auto mistakes = mistakes_of(account + "[\"\\u001b[31m\"]\n\"\\u202e\" = 1\n");
    CHECK(mistakes.find('\x1b') == std::string::npos);
    CHECK(mistakes.find("\xE2\x80\xAE") == std::string::npos);
    CHECK(mistakes.find("unknown table") != std::string::npos);
}

TEST_CASE("any part of a good file gives mistakes or a configuration, never a crash") {
    const auto text = read_text(data_directory / "good" / "spec-example.conf");
    for (std::size_t size = 0; size < text.size(); size += 37) {
        const TemporaryDirectory directory;
        const auto file = directory.write("v.conf", text.substr(0, size));
        const auto outcome = load(file, usual_surroundings());
        const auto* mistakes = std::get_if<Mistakes>(&outcome);
        CHECK((mistakes == nullptr || !mistakes->list.empty()));
    }
}

TEST_CASE("a byte changed anywhere gives mistakes or a configuration, never a crash") {
    const auto text = read_text(data_directory / "good" / "odd-but-right.conf");
    const std::string bytes = "\"[]{}=.,#'\\\n\x01\x80";
    for (std::size_t at = 0; at < text.size(); at += 3) {
        auto changed = text;
        changed[at] = bytes[at % bytes.size()];
        const TemporaryDirectory directory;
        const auto file = directory.write("v.conf", changed);
        const auto outcome = load(file, usual_surroundings());
        const auto* mistakes = std::get_if<Mistakes>(&outcome);
        CHECK((mistakes == nullptr || !mistakes->list.empty()));
    }
}

}  // namespace
}  // namespace vastwatch::config::test
