// The loops of one account: polling, billing, verification reads, requests. Lives on the loop's
// thread, as long as the Watch; when its account leaves the configuration it is retired and rests.
#pragma once

#include "vast/client.hpp"
#include "watch/core.hpp"

#include <boost/asio/awaitable.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vastwatch::watch {

class AccountWatch final : public Orders {
  public:
    AccountWatch(Core& core, const config::AccountAccess& access);
    AccountWatch(const AccountWatch&) = delete;
    AccountWatch& operator=(const AccountWatch&) = delete;
    ~AccountWatch() override;

    const AccountName& name() const { return name_; }

    /// Goes on with new settings (a reload); calls under way end with the old ones.
    void renew(const config::AccountAccess& access);
    /// Stops watching; the loops rest until renew().
    void retire();

    /// The loops; none of them returns.
    boost::asio::awaitable<void> poll_loop();
    boost::asio::awaitable<void> billing_loop();
    boost::asio::awaitable<void> verify_loop();
    boost::asio::awaitable<void> request_loop();

    void verify(engine::VerifyOrder order) override;
    void request(engine::RequestOrder order) override;
    /// Sweeps again in a moment, to confirm what was requested.
    void poll_soon() override;
    /// Sweeps at once: somebody asked.
    void poll_now();

    /// Reads charges and credit now.
    void bill_soon() { billing_wake_.notify(); }

    /// Null while retired.
    std::shared_ptr<vast::Client> client() const { return client_; }

    /// The latest problem with charges or credit, for doctor; empty = none.
    const std::string& billing_problem() const { return billing_problem_; }

  private:
    void take(const config::AccountAccess& access);
    boost::asio::awaitable<void> poll_once(std::shared_ptr<vast::Client> client);
    boost::asio::awaitable<void> bill_once(std::shared_ptr<vast::Client> client);
    /// All rows of these days; nothing when one of them cannot be had or read.
    boost::asio::awaitable<std::optional<std::vector<engine::ChargeRow>>>
    read_charges(std::shared_ptr<vast::Client> client, Instant first_day, Instant last_day);
    boost::asio::awaitable<bool> read_day(std::shared_ptr<vast::Client> client, Instant day);
    boost::asio::awaitable<bool> read_backfills(std::shared_ptr<vast::Client> client);
    boost::asio::awaitable<void> read_money(std::shared_ptr<vast::Client> client);
    boost::asio::awaitable<void> send(
        std::shared_ptr<vast::Client> client,
        engine::RequestOrder order);
    /// Takes the orders that wait for their read into this one.
    void add_waiting_reads(engine::VerifyOrder& order);
    void note_poll(const vast::Failure* failure, std::size_t instances, Duration took);
    void note_billing(const std::string& problem);
    Duration next_poll_after(Duration took);

    Core& core_;
    AccountName name_;
    Duration poll_interval_{0};
    Duration billing_interval_{0};
    std::shared_ptr<vast::Client> client_;
    runtime::Alarm poll_wake_;
    runtime::Alarm billing_wake_;
    runtime::Alarm verify_wake_;
    runtime::Alarm request_wake_;
    std::deque<engine::VerifyOrder> verify_orders_;
    std::deque<engine::RequestOrder> request_orders_;
    int failures_ = 0;  // polls in succession
    bool urgent_ = false;
    std::string poll_problem_;
    std::string billing_problem_;
};

}  // namespace vastwatch::watch
