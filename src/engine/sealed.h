// Bytes that users carry from one process to another: recognised, whole, and of this version.
#pragma once

#include <weft/blob.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace weft::engine {

// What is inside.
enum class Content : std::uint32_t { address = 1, memory = 2, pages = 3 };

// Raised whenever what is inside changes.
inline constexpr std::uint32_t kFormat = 1;

// FNV-1a of 64 bits (Fowler, Noll, Vo): finds damage, not malice.
std::uint64_t checksum(std::span<const std::byte> bytes);

Blob seal(Content content, const Blob& body);
// The body. Throws Error(invalid_argument) for what is not sealed or damaged, Error(mismatch) for
// another format; `what` is its name for messages: "an engine's address".
std::span<const std::byte> unseal(Content content, std::span<const std::byte> sealed,
                                  const char* what);

}  // namespace weft::engine
