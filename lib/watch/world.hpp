// Everything outside that the wiring touches, as one set of seams. Production fills it with the
// real clock, network and disk; a simulation with its own. All references outlive the Watch.
#pragma once

#include "audit/audit.hpp"
#include "config/config.hpp"
#include "metrics/process_metrics.hpp"
#include "net/http_client.hpp"
#include "notify/notifier.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"
#include "runtime/random.hpp"
#include "runtime/service_manager.hpp"
#include "runtime/worker.hpp"
#include "store/store.hpp"

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <variant>

namespace vastwatch::watch {

struct World {
    boost::asio::io_context& loop;
    runtime::Clock& clock;
    runtime::Random& random;
    runtime::Log& log;
    net::HttpClient& http;
    store::Store& store;
    audit::Log& audit;
    runtime::Worker& files;  // for reading configuration and audit log
    const runtime::ServiceManager& manager;
    metrics::ProcessMetrics& metrics;
    std::filesystem::path state_directory;
    /// Names the boot that the clock's monotonic part counts from; empty when that is not known.
    std::string boot;

    std::function<std::unique_ptr<notify::Mailer>(const config::Smtp&)> make_mailer;
    /// Loads the configuration anew; runs on `files`.
    std::function<std::variant<std::shared_ptr<const config::Config>, config::Mistakes>()>
        load_config;
    std::function<void(config::LogLevel)> set_log_level;
    /// How often the loop's lag is measured; a loop in virtual time is never late.
    Duration lag_interval = std::chrono::milliseconds{500};
    /// A view this young is given out again: several scrapes at once cost one.
    Duration view_age = std::chrono::milliseconds{250};
};

}  // namespace vastwatch::watch
