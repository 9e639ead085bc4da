// What the parts of an open transport share.
#pragma once

#include <weft/transport.h>

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/transport_kit.h"
#include "lane.h"
#include "rail.h"
#include "regions.h"
#include "settings.h"
#include "transfers.h"

namespace weft::verbs {

struct Context {
  const transport::OpenOptions options;
  const Settings settings;
  const Clock& clock;
  const std::vector<std::unique_ptr<Rail>> rails;
  Registrations registrations;
  Regions regions;
  transport::Imports<Key> imports;
  Transfers transfers;
  int awaited = 0;  // completions of work requests that will come

  Context(const transport::OpenOptions& opened_with, const Settings& chosen, const Clock& time,
          std::vector<std::unique_ptr<Rail>> opened);

  Rail& rail(int number) const { return *rails[static_cast<std::size_t>(number)]; }
  void log(const std::string& text) const;
  // What a work request held is free. `raise`: it has completed, else it is dropped.
  void finish(Rail& rail, const Pending& pending, bool raise);
};

}  // namespace weft::verbs
