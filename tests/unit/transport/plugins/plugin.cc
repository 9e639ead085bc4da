// A plugin for the loader's tests. Macros make it good or bad: PLUGIN_NAME, PLUGIN_ABI,
// PLUGIN_NULL, PLUGIN_OPEN, PLUGIN_INSPECT, PLUGIN_SYMBOL (the exported name), PLUGIN_CALL (a
// function that nobody defines).
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
#ifndef PLUGIN_INSPECT
#define PLUGIN_INSPECT nullptr
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

[[maybe_unused]] void inspect(const OpenOptions* options, void* context,
                              void (*report)(void* context, const Finding* finding)) {
  const auto tell = [&](Finding::Kind kind, const char* about, const char* text) {
    const Finding finding = Finding::of(kind, about, text);
    report(context, &finding);
  };
  const char* wanted = options->setting(options->context, "telling.device");
  tell(Finding::Kind::device, "card0", "NUMA node 0");
  tell(Finding::Kind::detail, "card0 port 1", "active");
  tell(Finding::Kind::choice, "", wanted != nullptr ? wanted : "card0");
  tell(Finding::Kind::warning, "card0 port 1", "slow: `make it --fast`");
}

constexpr Plugin kPlugin{PLUGIN_ABI, PLUGIN_NAME, probe, PLUGIN_OPEN, close, PLUGIN_INSPECT};

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
