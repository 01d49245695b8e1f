// Delivers what the outbox holds: one loop per notifier, so that one that is down holds up no
// other.
#pragma once

#include "notify/notifier.hpp"
#include "watch/core.hpp"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace vastwatch::watch {

class Courier {
  public:
    Courier(Core& core, std::shared_ptr<const config::Config> config);

    /// Takes the notifiers of another configuration; gives the names whose loops are to be started.
    std::vector<NotifierName> renew(std::shared_ptr<const config::Config> config);

    /// Delivers to that notifier for ever; rests while the configuration does not have it.
    boost::asio::awaitable<void> deliver_loop(NotifierName name);

    /// Wakes all loops: there may be something to deliver.
    void wake();

    /// Delivers one test alert right away, past the outbox.
    boost::asio::awaitable<notify::Attempt> test(NotifierName name);

    bool knows(const NotifierName& name) const;

  private:
    struct Slot {
        std::shared_ptr<notify::Mailer> mailer;  // before the notifier that uses it
        std::shared_ptr<notify::Notifier> notifier;
        std::unique_ptr<runtime::Alarm> alarm;
    };

    boost::asio::awaitable<void> deliver_one(Slot slot_copy, engine::DueDelivery due);

    Core& core_;
    std::shared_ptr<const config::Config> config_;
    std::map<NotifierName, std::shared_ptr<Slot>> slots_;
};

/// Tells the outside service of [heartbeat] that every account was seen lately and actions are
/// possible; says nothing otherwise. Never returns.
boost::asio::awaitable<void> heartbeat_loop(
    Core& core,
    std::function<std::shared_ptr<const config::Config>()> config);

}  // namespace vastwatch::watch
