#include "context.h"

#include <cstring>
#include <utility>

namespace weft::verbs {

namespace {

// Where a signal is polled behind what was written, its device must not place that at its leisure.
Placement placement_of(std::span<const std::unique_ptr<Rail>> rails) {
  return rails.size() == 1 && rails[0]->in_order() ? Placement::strict : Placement::relaxed;
}

}  // namespace

Context::Context(const transport::OpenOptions& opened_with, const Settings& chosen,
                 const Clock& time, std::vector<std::unique_ptr<Rail>> opened)
    : options(opened_with),
      settings(chosen),
      clock(time),
      rails(std::move(opened)),
      registrations(rails, placement_of(rails)),
      regions(registrations) {}

void Context::log(const std::string& text) const {
  if (options.log != nullptr) options.log(options.context, ("verbs: " + text).c_str());
}

void Context::finish(Rail& rail, const Pending& pending, bool raise) {
  if (raise && pending.copy_to != nullptr)
    std::memcpy(pending.copy_to, rail.staging(pending.staging), pending.copy_bytes);
  if (pending.staging >= 0) rail.return_staging(pending.staging);
  if (pending.registration != nullptr) registrations.release(pending.registration);
  if (pending.transfer >= 0) transfers.finish(pending.transfer, raise);
  if (raise && pending.completed != nullptr) ++*pending.completed;
}

}  // namespace weft::verbs
