#include "engine/address.h"

#include <weft/version.h>

#include "base/blob.h"
#include "base/error.h"
#include "engine/sealed.h"

namespace weft::engine {
namespace {

constexpr std::uint32_t kMostTransports = 64;
constexpr const char* kAddress = "an engine's address";
constexpr const char* kMemory = "a key of an engine's memory";
constexpr const char* kPages = "a key of an engine's pages";

void refuse(bool wrong, const char* what) {
  if (wrong) fail(ErrorCode::invalid_argument, "{} makes no sense", what);
}

void write_keys(BlobWriter& writer, const std::vector<NamedKey>& keys) {
  writer.put(static_cast<std::uint32_t>(keys.size()));
  for (const NamedKey& key : keys) {
    writer.put_text(key.transport);
    writer.put(key.key);
  }
}

std::uint32_t read_count(BlobReader& reader, const char* what) {
  const auto count = reader.get<std::uint32_t>();
  refuse(count > kMostTransports, what);
  return count;
}

std::vector<NamedKey> read_keys(BlobReader& reader, const char* what) {
  std::vector<NamedKey> keys;
  for (std::uint32_t left = read_count(reader, what); left > 0; --left) {
    NamedKey key;
    key.transport = reader.get_text();
    key.key = reader.get<transport::MemoryKey>();
    refuse(key.key.size > sizeof(key.key.bytes), what);
    keys.push_back(std::move(key));
  }
  return keys;
}

void write(BlobWriter& writer, const MemoryOffer& memory) {
  writer.put(memory.incarnation);
  writer.put(memory.bytes);
  write_keys(writer, memory.keys);
}

MemoryOffer read_memory(BlobReader& reader, const char* what) {
  MemoryOffer memory;
  memory.incarnation = reader.get<std::uint64_t>();
  memory.bytes = reader.get<std::uint64_t>();
  memory.keys = read_keys(reader, what);
  return memory;
}

BlobReader reader_of(Content content, std::span<const std::byte> bytes, const char* what) {
  return BlobReader(unseal(content, bytes, what), ErrorCode::invalid_argument);
}

}  // namespace

Blob pack(const Address& address) {
  BlobWriter writer;
  writer.put_text(WEFT_VERSION);
  writer.put_text(address.name);
  writer.put(address.incarnation);
  writer.put(address.epoch);
  writer.put(address.numbers);
  writer.put(address.mailbox_bytes);
  writer.put(static_cast<std::uint32_t>(address.ways.size()));
  for (const Way& way : address.ways) {
    writer.put_text(way.transport);
    writer.put(std::int32_t{way.priority});
    writer.put_bytes(way.address);
  }
  write_keys(writer, address.segment);
  return seal(Content::address, writer.blob());
}

Address unpack_address(std::span<const std::byte> bytes) {
  BlobReader reader = reader_of(Content::address, bytes, kAddress);
  const std::string version = reader.get_text();
  if (version != WEFT_VERSION)
    fail(ErrorCode::mismatch, "{} of weft {}; this is weft {}", kAddress, version, WEFT_VERSION);
  Address address;
  address.name = reader.get_text();
  address.incarnation = reader.get<std::uint64_t>();
  address.epoch = reader.get<std::uint64_t>();
  address.numbers = reader.get<std::uint32_t>();
  address.mailbox_bytes = reader.get<std::uint64_t>();
  for (std::uint32_t left = read_count(reader, kAddress); left > 0; --left) {
    Way way;
    way.transport = reader.get_text();
    way.priority = reader.get<std::int32_t>();
    way.address = reader.get_bytes();
    address.ways.push_back(std::move(way));
  }
  address.segment = read_keys(reader, kAddress);
  refuse(!reader.at_end() || address.name.empty() || address.name.size() > kMostName ||
             address.incarnation == 0 || address.numbers < 2 || address.numbers > kMostPeers + 1,
         kAddress);
  return address;
}

Blob pack(const MemoryOffer& memory) {
  BlobWriter writer;
  write(writer, memory);
  return seal(Content::memory, writer.blob());
}

MemoryOffer unpack_memory(std::span<const std::byte> bytes) {
  BlobReader reader = reader_of(Content::memory, bytes, kMemory);
  MemoryOffer memory = read_memory(reader, kMemory);
  refuse(!reader.at_end(), kMemory);
  return memory;
}

Blob pack(const PagesOffer& pages) {
  BlobWriter writer;
  write(writer, pages.memory);
  const PageLayout& layout = pages.shape.layout;
  for (const std::uint64_t value :
       {std::uint64_t{layout.page_bytes}, std::uint64_t{layout.pages}, std::uint64_t{layout.stride},
        std::uint64_t{layout.layer_stride}})
    writer.put(value);
  writer.put(std::int32_t{layout.layers});
  writer.put(std::int32_t{layout.counters});
  return seal(Content::pages, writer.blob());
}

PagesOffer unpack_pages(std::span<const std::byte> bytes) {
  BlobReader reader = reader_of(Content::pages, bytes, kPages);
  PagesOffer pages;
  pages.memory = read_memory(reader, kPages);
  PageLayout layout;
  for (std::size_t* value :
       {&layout.page_bytes, &layout.pages, &layout.stride, &layout.layer_stride})
    *value = static_cast<std::size_t>(reader.get<std::uint64_t>());
  layout.layers = reader.get<std::int32_t>();
  layout.counters = reader.get<std::int32_t>();
  pages.shape = p2p::shape_of(layout);
  refuse(
      !reader.at_end() || pages.shape.fault[0] != '\0' || pages.shape.bytes != pages.memory.bytes,
      kPages);
  return pages;
}

}  // namespace weft::engine
