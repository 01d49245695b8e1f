// The store on a disk that fails once, and on a machine that then loses its power.
#include "store/store.hpp"

#include "daemon/disk.hpp"
#include "daemon/support.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <optional>

namespace vastwatch::simulation::testing {
namespace {

/// Of one commit; its number is all that is in it.
bool commit(store::Store& store, int number) {
    engine::Changes changes;
    changes.policy_fingerprint = std::to_string(number);
    boost::asio::io_context loop{1};
    std::optional<store::StoreError> result;
    auto task = store.commit(std::move(changes));
    boost::asio::co_spawn(
        loop,
        std::move(task),
        [&result](std::exception_ptr thrown, std::optional<store::StoreError> error) {
            REQUIRE(thrown == nullptr);
            result = std::move(error);
        });
    loop.run();
    return !result;
}

class Drive {
  public:
    explicit Drive(std::uint64_t seed) {
        std::filesystem::remove_all(scratch());
        std::filesystem::create_directories(directory_);
        disk_ = std::make_unique<Disk>(directory_, seed, trace_, []() { return noon; });
    }

    ~Drive() {
        disk_.reset();
        std::filesystem::remove_all(scratch());
    }

    Drive(const Drive&) = delete;
    Drive& operator=(const Drive&) = delete;

    Disk& disk() { return *disk_; }

    /// The store, and what it holds; nothing when it cannot be opened.
    std::optional<store::Opened> open() const {
        auto result = store::open(directory_);
        auto* opened = std::get_if<store::Opened>(&result);
        return opened == nullptr ? std::nullopt : std::optional{std::move(*opened)};
    }

  private:
    std::filesystem::path directory_ = scratch() / "state";
    Trace trace_;
    std::unique_ptr<Disk> disk_;
};

/// Opens, commits 2, 3 and 4, each until it is said to be stored, and loses the power. True when
/// operation `failing` of these was met.
bool live(Drive& drive, std::uint64_t failing) {
    auto& disk = drive.disk();
    disk.plan(disk.operations() + failing, Harm::io_error);
    auto opened = drive.open();
    opened = opened ? std::move(opened) : drive.open();
    REQUIRE(opened);
    for (int number = 2; number <= 4; ++number) {
        const bool stored = commit(*opened->store, number) || commit(*opened->store, number) ||
                            commit(*opened->store, number);
        REQUIRE(stored);
    }
    const bool met = !disk.mishaps().empty();
    disk.end(Harm::power_cut);
    opened.reset();
    disk.boot();
    return met;
}

}  // namespace

TEST_CASE("what is said to be stored survives a power cut, whatever operation has failed before") {
    bool met = true;
    for (std::uint64_t failing = 1; met; ++failing) {
        for (std::uint64_t seed = 1; seed <= 8; ++seed) {
            CAPTURE(failing);
            CAPTURE(seed);
            Drive drive{seed};
            {
                auto opened = drive.open();
                REQUIRE(opened);
                REQUIRE(commit(*opened->store, 1));
            }
            met = live(drive, failing);
            const auto opened = drive.open();
            REQUIRE(opened);
            CHECK(opened->stored.policy_fingerprint == "4");
        }
    }
}

}  // namespace vastwatch::simulation::testing
