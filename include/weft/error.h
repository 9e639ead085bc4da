/// The exceptions that weft throws.
#pragma once

#include <weft/export.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace weft {

/// What went wrong, for control flow. The message of the Error tells the details, for people.
enum class ErrorCode : std::uint8_t {
  ok,
  invalid_argument,  ///< a bad pointer, count, dtype, op, root, option; nothing was sent
  mismatch,          ///< the ranks made different calls; nothing was sent
  timeout,           ///< a deadline passed; the communicator is poisoned
  peer_failed,       ///< a peer died or its link failed; the communicator is poisoned
  poisoned,          ///< an earlier failure made this communicator unusable
  no_resources,      ///< memory, /dev/shm, locked memory, file descriptors
  unsupported,       ///< this transport, machine or build cannot do it
  abi_mismatch,      ///< a plugin was built for another version of weft
  bootstrap,         ///< ranks could not find each other
  internal,          ///< a bug in weft
};

/// The enumerator's name, e.g. "timeout".
WEFT_API std::string_view name_of(ErrorCode code) noexcept;

/// Every error that weft throws. what() names the operation, the rank, the peer and the transport
/// if they are known.
class WEFT_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ~Error() override;
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace weft
