// The status page: one HTML document that needs nothing from anywhere else, made on the server from
// a View. Its script asks for the same again every few seconds and changes what differs; search,
// filters and order are addresses that the server answers, so all of it works without scripts too:
// the browser then reloads it by itself.
#pragma once

#include "engine/view.hpp"
#include "web/page_query.hpp"

#include <optional>
#include <string>

namespace vastwatch::web {

class Page {
  public:
    Page();

    /// The document, or with `query.part` only the element that changes. Of the instances that are
    /// asked for 40 are listed, or 1,000 with `query.every_row`. `explained` is what there is to
    /// say of `query.instance`, if it exists.
    std::string render(
        const engine::View& view,
        const PageQuery& query,
        const std::optional<engine::Explanation>& explained) const;

    /// The Content-Security-Policy that lets exactly this page's style and script in.
    const std::string& security_policy() const { return security_policy_; }

  private:
    std::string security_policy_;
    std::string build_;  // differs when style or script do
};

}  // namespace vastwatch::web
