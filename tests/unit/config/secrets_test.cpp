// Where secrets come from, and when a file of them is refused.
#include "support.hpp"

#include <sys/stat.h>

namespace vastwatch::config::test {
namespace {

namespace fs = std::filesystem;

std::string account_with_file(const fs::path& key) {
    return "[account.main]\napi_key_file = \"" + key.native() + "\"\n";
}

fs::path
write_private(const TemporaryDirectory& directory, const std::string& name, std::string_view text) {
    const auto file = directory.write(name, text);
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    return file;
}

TEST_CASE("line ends after the key in a file are not part of it") {
    const TemporaryDirectory directory;
    const auto key = write_private(directory, "key", "abc123\r\n\n");
    CHECK(load_text(account_with_file(key))->accounts.front().api_key.reveal() == "abc123");
}

TEST_CASE("a key file that everybody can read is a mistake") {
    const TemporaryDirectory directory;
    const auto key = write_private(directory, "key", "abc123\n");
    fs::permissions(key, fs::perms::others_read, fs::perm_options::add);
    const auto text = mistakes_of(account_with_file(key));
    CHECK(text.find("everybody on this machine can read") != std::string::npos);
    CHECK(text.find("abc123") == std::string::npos);
}

TEST_CASE("a key file that a group can read is fine") {
    const TemporaryDirectory directory;
    const auto key = write_private(directory, "key", "abc123\n");
    fs::permissions(key, fs::perms::group_read, fs::perm_options::add);
    CHECK(mistakes_of(account_with_file(key)) == "");
}

TEST_CASE("an empty key file is a mistake") {
    const TemporaryDirectory directory;
    const auto key = write_private(directory, "key", "\n");
    CHECK(mistakes_of(account_with_file(key)).find("is empty") != std::string::npos);
}

TEST_CASE("a key file with two lines is no key") {
    const TemporaryDirectory directory;
    const auto key = write_private(directory, "key", "abc\nSECRET\n");
    const auto text = mistakes_of(account_with_file(key));
    CHECK(text.find("control characters") != std::string::npos);
    CHECK(text.find("SECRET") == std::string::npos);
}

TEST_CASE("a FIFO in place of a key file is refused and not waited for") {
    const TemporaryDirectory directory;
    const auto key = directory.path() / "key";
    REQUIRE(::mkfifo(key.c_str(), 0600) == 0);
    CHECK(mistakes_of(account_with_file(key)).find("not a regular file") != std::string::npos);
}

TEST_CASE("a credential is read from the directory that systemd names") {
    const TemporaryDirectory directory;
    directory.write("vast", "from-the-credential\n");
    const auto config = load_text(
        "[account.main]\napi_key_credential = \"vast\"\n",
        surroundings_of({{"CREDENTIALS_DIRECTORY", directory.path().native()}}));
    CHECK(config->accounts.front().api_key.reveal() == "from-the-credential");
}

TEST_CASE("a credential without a directory of credentials is a mistake") {
    CHECK(
        mistakes_of("[account.main]\napi_key_credential = \"vast\"\n", surroundings_of({}))
            .find("there is no $CREDENTIALS_DIRECTORY") != std::string::npos);
}

TEST_CASE("the secrets of notifiers and mail come from where the file says") {
    const auto outcome = load(data_directory / "good" / "spec-example.conf", usual_surroundings());
    const auto& config = *std::get<std::shared_ptr<const Config>>(outcome);
    CHECK(config.notifiers.at(1).signing_secret.reveal() == "SECRETSIGNATURE");
    CHECK(config.notifiers.at(2).url.reveal() == "https://hooks.example.com/T000/SECRETCHAT");
    REQUIRE(config.smtp.has_value());
    CHECK(config.smtp->password.reveal() == "SECRETPASSWORD");
}

}  // namespace
}  // namespace vastwatch::config::test
