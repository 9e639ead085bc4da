// A plugin for the loader's tests. Macros make it good or bad: PLUGIN_NAME, PLUGIN_ABI,
// PLUGIN_NULL, PLUGIN_OPEN, PLUGIN_SYMBOL (the exported name), PLUGIN_CALL (a function that nobody
// defines).
#include <weft/transport.h>

#ifndef PLUGIN_NAME
#define PLUGIN_NAME "good"
#endif
#ifndef PLUGIN_ABI
#define PLUGIN_ABI weft::transport::kAbiVersion
#endif
#ifndef PLUGIN_OPEN
#define PLUGIN_OPEN open
#endif
#ifndef PLUGIN_SYMBOL
#define PLUGIN_SYMBOL weft_transport_plugin
#endif

using namespace weft::transport;

#ifdef PLUGIN_CALL
extern "C" void PLUGIN_CALL();
#endif

namespace {

int probe(Device*, int, Status*) { return 0; }

[[maybe_unused]] Transport* open(const OpenOptions*, Status* why) {
  *why = Status::error(weft::ErrorCode::unsupported, "opens nothing");
  return nullptr;
}

void close(Transport*) {}

constexpr Plugin kPlugin{PLUGIN_ABI, PLUGIN_NAME, probe, PLUGIN_OPEN, close, nullptr};

}  // namespace

extern "C" WEFT_API const Plugin* PLUGIN_SYMBOL();
extern "C" WEFT_API const Plugin* PLUGIN_SYMBOL() {
#ifdef PLUGIN_CALL
  PLUGIN_CALL();
#endif
#ifdef PLUGIN_NULL
  return nullptr;
#else
  return &kPlugin;
#endif
}
