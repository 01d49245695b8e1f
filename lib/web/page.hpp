// The status page: one HTML document that needs nothing from anywhere else, made on the server from
// a View. A small script fetches it again and replaces its contents; without scripts the browser
// reloads it.
#pragma once

#include "engine/view.hpp"

#include <optional>
#include <string>

namespace vastwatch::web {

class Page {
  public:
    Page();

    /// The document; of one team's instances only when `team` is given. At most 200 instances are
    /// listed, those about to be acted upon first, then the dearest.
    std::string render(const engine::View& view, const std::optional<TeamName>& team) const;

    /// The Content-Security-Policy that lets exactly this page's style and script in.
    const std::string& security_policy() const { return security_policy_; }

  private:
    std::string security_policy_;
};

}  // namespace vastwatch::web
