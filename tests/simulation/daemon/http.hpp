// The process's ends of the simulated network: an HTTP client and a mailer that wait on its virtual
// clock for what the network has decided.
#pragma once

#include "daemon/network.hpp"
#include "net/http_client.hpp"
#include "notify/notifier.hpp"
#include "runtime/clock.hpp"

#include <functional>

namespace vastwatch::simulation {

/// The true time, by which the network goes, and not the machine's clock.
using TrueTime = std::function<Now()>;

class SimulatedHttp final : public net::HttpClient {
  public:
    SimulatedHttp(Network& network, runtime::Clock& clock, TrueTime truth)
        : network_(network), clock_(clock), truth_(std::move(truth)) {}

    boost::asio::awaitable<net::Result> send(net::Request request) override;

  private:
    Network& network_;
    runtime::Clock& clock_;
    TrueTime truth_;
};

class SimulatedMailer final : public notify::Mailer {
  public:
    SimulatedMailer(Network& network, runtime::Clock& clock, TrueTime truth)
        : network_(network), clock_(clock), truth_(std::move(truth)) {}

    boost::asio::awaitable<notify::Attempt> send(notify::Mail mail) override;

  private:
    Network& network_;
    runtime::Clock& clock_;
    TrueTime truth_;
};

}  // namespace vastwatch::simulation
