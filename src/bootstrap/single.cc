#include "bootstrap/bootstrap.h"

namespace weft::bootstrap {
namespace {

class Single final : public Bootstrap {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  std::vector<Blob> all_gather(std::span<const std::byte> mine, std::chrono::nanoseconds) override {
    return {Blob(mine.begin(), mine.end())};
  }
  std::string description() const override { return "single process"; }
};

}  // namespace

std::shared_ptr<Bootstrap> make_single() { return std::make_shared<Single>(); }

}  // namespace weft::bootstrap
