#include "audit/audit.hpp"

#include "audit/writer.hpp"

#include <utility>

namespace vastwatch::audit {
namespace {

/// One append on its way through the worker. It shares the writer: the coroutine that waits for it
/// may be gone before it has run.
class AppendJob {
  public:
    AppendJob(std::shared_ptr<Writer> writer, std::vector<Record> records)
        : writer_(std::move(writer)), records_(std::move(records)) {}

    std::optional<AuditError> operator()() { return writer_->append(records_); }

  private:
    std::shared_ptr<Writer> writer_;
    std::vector<Record> records_;
};

class FileLog final : public Log {
  public:
    FileLog(std::shared_ptr<Writer> writer, std::shared_ptr<runtime::Worker> worker)
        : writer_(std::move(writer)), worker_(std::move(worker)) {}

    boost::asio::awaitable<std::optional<AuditError>> append(std::vector<Record> records) override {
        if (records.empty()) {
            co_return std::nullopt;
        }
        AppendJob job{writer_, std::move(records)};
        auto result = co_await runtime::run_on(*worker_, std::move(job));
        co_return result;
    }

  private:
    std::shared_ptr<Writer> writer_;
    std::shared_ptr<runtime::Worker> worker_;
};

}  // namespace

std::variant<Opened, AuditError> open(
    const std::filesystem::path& directory,
    std::uint64_t rotate_at,
    std::shared_ptr<runtime::Worker> worker) {
    Opened opened;
    auto writer = std::make_shared<Writer>(directory, rotate_at);
    if (auto error = writer->open(opened.problem)) {
        return std::move(*error);
    }
    if (writer->torn()) {
        const auto error = writer->repair();
        opened.repaired = !error;
        if (error && opened.problem.empty()) {
            opened.problem = error->message;
        }
    }
    if (!worker) {
        worker = std::make_shared<runtime::ThreadWorker>();
    }
    opened.log = std::make_unique<FileLog>(std::move(writer), std::move(worker));
    return opened;
}

}  // namespace vastwatch::audit
