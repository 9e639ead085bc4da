// Diagnostics on standard error, off unless asked for: one line each, "weft 3/8: text".
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace weft {

enum class LogLevel : std::uint8_t { silent, warn, info, debug };

// A level and a prefix; passed to what logs, no global state.
class Log {
 public:
  Log() = default;
  Log(LogLevel level, std::string prefix) : level_(level), prefix_(std::move(prefix)) {}

  bool enabled(LogLevel level) const { return level <= level_; }

  template <typename... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) const {
    if (enabled(LogLevel::warn)) write(fmt::format(format, std::forward<Args>(args)...));
  }
  template <typename... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) const {
    if (enabled(LogLevel::info)) write(fmt::format(format, std::forward<Args>(args)...));
  }
  template <typename... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) const {
    if (enabled(LogLevel::debug)) write(fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  void write(std::string_view text) const;

  LogLevel level_ = LogLevel::warn;
  std::string prefix_ = "weft";
};

}  // namespace weft
