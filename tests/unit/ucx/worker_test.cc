#include "worker.h"

#include <gtest/gtest.h>
#include <stdlib.h>

namespace weft::ucx {
namespace {

TEST(UcxWorker, UcxTakesEverySettingThatTheTransportPrefers) {
  setenv("UCX_TLS", "tcp,self", 1);
  unsetenv("UCX_NET_DEVICES");
  ::testing::internal::CaptureStdout();  // UCX prints there which it has no use for
  const Worker worker(false);
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
  ASSERT_TRUE(worker.status().ok()) << worker.status().message;
  EXPECT_EQ(worker.remark(), "");
}

}  // namespace
}  // namespace weft::ucx
