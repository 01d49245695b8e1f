// The running daemon, wired: accounts, engine, deliveries, commands, reload. Made once; run() until
// stopped. Lives on the loop's thread.
#pragma once

#include "runtime/task_group.hpp"
#include "watch/account_watch.hpp"
#include "watch/core.hpp"
#include "watch/courier.hpp"
#include "web/backend.hpp"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace vastwatch::watch {

class Watch final : public web::Backend {
  public:
    Watch(
        World world,
        std::shared_ptr<const config::Config> config,
        engine::Changes stored,
        engine::FoundDamage found);

    /// Spawns every loop in `tasks`.
    void start(runtime::TaskGroup& tasks);

    /// Loads the configuration anew and takes it over when it is good; tells systemd, the log and
    /// the engine in either case. The result is for whoever asked.
    boost::asio::awaitable<web::CommandResult> reload();

    /// Writes what is still to be written; after the loops have ended.
    boost::asio::awaitable<void> finish();

    std::string status_line() { return core_.engine().status_line(core_.now()); }

    // --- web::Backend
    std::shared_ptr<const engine::View> view() override;
    std::optional<engine::Explanation> explain(InstanceId id) override;
    std::vector<web::SpendSeries>
    spend(const std::optional<TeamName>& team, Instant from, Instant to, Duration step) override;
    boost::asio::awaitable<web::CommandResult> execute(web::Command command) override;
    boost::asio::awaitable<boost::json::value> doctor() override;
    std::string config_text() override;
    boost::asio::awaitable<std::vector<std::string>>
    audit(std::optional<TeamName> team, std::optional<Instant> since, std::size_t limit) override;
    boost::asio::awaitable<boost::json::value> verify_audit() override;
    std::string process_metrics() override;

  private:
    void take(std::shared_ptr<const config::Config> config);
    void spawn_account(AccountWatch& account);
    boost::asio::awaitable<web::CommandResult> test_notifier(NotifierName name);
    web::CommandResult poll_all();

    Core core_;
    std::shared_ptr<const config::Config> config_;
    std::map<AccountName, std::unique_ptr<AccountWatch>> accounts_;
    Courier courier_;
    runtime::TaskGroup* tasks_ = nullptr;
    std::shared_ptr<const engine::View> view_;  // the latest
    MonoTime view_made_;
};

}  // namespace vastwatch::watch
