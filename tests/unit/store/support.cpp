#include "support.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <vector>

namespace vastwatch::store::test {

namespace fs = std::filesystem;

TempDir::TempDir() {
    std::string name = (fs::temp_directory_path() / "vastwatch-store-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
}

TempDir::~TempDir() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

SmallDisk::SmallDisk(const fs::path& at, const std::string& size) : at_(at) {
    fs::create_directory(at);
    const std::string options = "size=" + size;
    if (::mount("tmpfs", at.c_str(), "tmpfs", 0, options.c_str()) != 0) {
        why_not = std::string{"no tmpfs can be mounted here: "} + std::strerror(errno);
    }
}

SmallDisk::~SmallDisk() {
    if (why_not.empty()) {
        ::umount2(at_.c_str(), MNT_DETACH);
    }
}

bool SmallDisk::remount(bool read_only) {
    unsigned long flags = MS_REMOUNT;
    if (read_only) {
        flags |= MS_RDONLY;
    }
    return ::mount("tmpfs", at_.c_str(), "tmpfs", flags, "") == 0;
}

void fill_disk(const fs::path& file) {
    std::ofstream out{file, std::ios::binary};
    const std::string block(1024, 'x');
    while (out.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
}

Opened must_open(const fs::path& directory) {
    auto result = open(directory);
    if (auto* error = std::get_if<StoreError>(&result)) {
        FAIL(error->message);
    }
    return std::get<Opened>(std::move(result));
}

std::string refusal(const fs::path& directory) {
    auto result = open(directory);
    REQUIRE(std::holds_alternative<StoreError>(result));
    return std::get<StoreError>(result).message;
}

std::optional<StoreError> commit(Store& store, engine::Changes changes) {
    boost::asio::io_context loop{1};
    std::optional<StoreError> result;
    auto task = store.commit(std::move(changes));
    boost::asio::co_spawn(
        loop,
        std::move(task),
        [&result](std::exception_ptr thrown, std::optional<StoreError> error) {
            REQUIRE(thrown == nullptr);
            result = std::move(error);
        });
    loop.run();
    return result;
}

void must_commit(Store& store, engine::Changes changes) {
    const auto error = commit(store, std::move(changes));
    INFO(error.value_or(StoreError{}).message);
    REQUIRE(!error);
}

engine::Changes after_restart(const engine::Changes& changes) {
    const TempDir directory;
    must_commit(*must_open(directory.path()).store, changes);
    return must_open(directory.path()).stored;
}

void run_sql(const fs::path& directory, const std::string& sql) {
    SQLite::Database database{(directory / "state.db").string(), SQLite::OPEN_READWRITE};
    database.exec(sql);
}

std::string ask_sql(const fs::path& directory, const std::string& sql) {
    SQLite::Database database{(directory / "state.db").string(), SQLite::OPEN_READWRITE};
    return database.execAndGet(sql).getString();
}

void overwrite(const fs::path& file, std::size_t offset, const std::string& bytes) {
    std::fstream out{file, std::ios::binary | std::ios::in | std::ios::out};
    out.seekp(static_cast<std::streamoff>(offset));
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    REQUIRE(out.good());
}

Instant day(int number) {
    // 2026-11-01 and the days after it.
    return Instant{std::chrono::seconds{1'793'491'200}} + std::chrono::hours{24 * number};
}

alerts::Alert an_alert(const std::string& id, Instant time) {
    alerts::Alert alert;
    alert.id = AlertId{id};
    alert.time = time;
    alert.title = "title of " + id;
    return alert;
}

fleet::Instance an_instance(std::int64_t id) {
    fleet::Instance instance;
    instance.id = InstanceId{id};
    instance.account = AccountName{"main"};
    instance.team = TeamName{"research"};
    instance.row.id = instance.id;
    instance.row.label = "research-" + std::to_string(id);
    instance.row.gpu_name = "RTX 4090";
    instance.row.num_gpus = 4;
    instance.row.status = fleet::Status::running;
    instance.row.telemetry.gpu_util = 0.1 * static_cast<double>(id % 7);
    instance.last_seen = day(3);
    fleet::SampleRun run;
    run.first = day(2);
    run.last = day(3);
    run.count = 17;
    run.evidence = fleet::Evidence::idle;
    run.lowest = 0.1;
    run.highest = 1.0 / 3.0;
    instance.samples = {run};
    return instance;
}

}  // namespace vastwatch::store::test
