// The routes of spec section 10.
//
// Anywhere, GET and HEAD: /metrics, /-/healthy, /-/ready, / (the status page) and under /api/v1, as
// JSON in the shapes of wire/view_json.hpp:
//   status                      status_json
//   teams                       {"time","teams":[team with "curve"…]}
//   instances?team=&idle=       {"time","instances":[…]}
//   instances/ID                the explanation
//   alerts, findings, actions, holds   {"time","alerts":[…]} and so on
//   spend?team=&from=&to=&step= {"from","to","step_seconds","series":[{"team",
//                                "points":[{"time","spend"}…]}…]}
// On the control socket besides, GET: /api/v1/config {"toml":text}, doctor (as Backend says),
// audit?team=&since=&limit= {"lines":[text…]}, audit/verify (as Backend says); and POST of the
// commands in command_input.hpp: {"ok","message","details"}, 409 when refused.
// Errors are {"ok":false,"message":…}. Over TCP the paths of the control socket do not exist.
#pragma once

#include "http/server.hpp"
#include "web/backend.hpp"
#include "web/page.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>

namespace vastwatch::web {

/// One object for all servers; `backend` must outlive it.
class Site final : public http::Handler {
  public:
    explicit Site(Backend& backend) : backend_(backend) {}

    boost::asio::awaitable<http::Response> handle(http::Request request) override;

  private:
    using Answer = boost::asio::awaitable<http::Response>;

    struct Route {
        std::string_view path;
        bool control_only;
        Answer (Site::*answer)(http::Request request);
    };

    static const Route* find_route(const http::Request& request);

    Answer metrics(http::Request request);
    Answer healthy(http::Request request);
    Answer ready(http::Request request);
    Answer page(http::Request request);
    Answer status(http::Request request);
    Answer teams(http::Request request);
    Answer instances(http::Request request);
    Answer instance(http::Request request);
    Answer alerts(http::Request request);
    Answer findings(http::Request request);
    Answer actions(http::Request request);
    Answer holds(http::Request request);
    Answer spend(http::Request request);
    Answer config(http::Request request);
    Answer doctor(http::Request request);
    Answer audit(http::Request request);
    Answer verify_audit(http::Request request);
    Answer command(http::Request request);

    Backend& backend_;
    Page page_;
    std::size_t last_scrape_bytes_ = 0;  // so that the next one need not grow by copying
};

}  // namespace vastwatch::web
