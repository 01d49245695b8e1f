// What becomes of deliveries, as metrics and journal tell it.
#include "watch/courier.hpp"

#include "metrics/exposition.hpp"
#include "support.hpp"

#include <doctest/doctest.h>

using namespace vastwatch;
using namespace vastwatch::watch::testing;

namespace {

std::shared_ptr<const config::Config> one_webhook() {
    auto config = std::make_shared<config::Config>();
    config->policy = std::make_shared<policy::Policy>();
    config::Notifier notifier;
    notifier.name = ops;
    notifier.type = config::NotifierType::webhook;
    notifier.url = Secret{"https://hooks.example/x"};
    config->notifiers.push_back(std::move(notifier));
    return config;
}

/// One alert for a webhook that answers with that status.
class Delivering {
  public:
    explicit Delivering(int status) {
        bench.http.status = status;
        bench.run(courier.deliver_loop(ops));
        bench.settle(bench.core->engine().on_config_rejected("line 7", bench.core->now()));
    }

    bool counted(const std::string& outcome, int times) const {
        const auto line =
            "vastwatch_alerts_total{kind=\"config_rejected\",notifier=\"ops\",outcome=\"" +
            outcome + "\"} " + std::to_string(times) + "\n";
        return bench.metrics.text().find(line) != std::string::npos;
    }

    Bench bench;
    watch::Courier courier{*bench.core, one_webhook()};
};

}  // namespace

TEST_CASE("an alert that is given up after a day counts as failed, once, and the journal says so") {
    Delivering delivering{503};
    delivering.bench.clock.advance(23h);
    CHECK_FALSE(delivering.counted("failed", 1));
    delivering.bench.clock.advance(3h);
    CHECK(delivering.counted("failed", 1));
    CHECK(delivering.bench.log.count("alert_given_up") == 1);
    CHECK(delivering.bench.log.count("alert_refused") == 0);
}

TEST_CASE("an alert that is refused for good counts as failed at once") {
    Delivering delivering{404};
    delivering.bench.clock.advance(1s);
    CHECK(delivering.counted("failed", 1));
    CHECK(delivering.bench.log.count("alert_refused") == 1);
}
