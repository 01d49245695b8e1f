// What is thrown within this module when stored rows cannot be what was written: the database is
// then treated as damaged. It does not leave the module.
#pragma once

#include <stdexcept>

namespace vastwatch::store {

class Corrupt : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

}  // namespace vastwatch::store
