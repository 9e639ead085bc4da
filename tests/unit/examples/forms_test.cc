#include "parallel/forms.h"

#include "model/problem.h"

#include <gtest/gtest.h>

namespace inference {
namespace {

TEST(Forms, take_the_numbers_of_ranks_that_they_can_split) {
  const ModelConfig config;  // 4 layers, 4 KV heads
  for (const int ranks : {1, 2, 4}) EXPECT_NO_THROW(check_form(Form::tensor, config, ranks));
  for (const int ranks : {3, 5, 8}) EXPECT_THROW(check_form(Form::tensor, config, ranks), Problem);
  for (const int ranks : {1, 3, 4}) EXPECT_NO_THROW(check_form(Form::pipeline, config, ranks));
  EXPECT_THROW(check_form(Form::pipeline, config, 5), Problem);
  for (const int ranks : {2, 6, 8}) EXPECT_NO_THROW(check_form(Form::disaggregated, config, ranks));
  for (const int ranks : {1, 3, 10}) {
    EXPECT_THROW(check_form(Form::disaggregated, config, ranks), Problem);
  }
  EXPECT_THROW(check_form(Form::single, config, 2), Problem);
}

}  // namespace
}  // namespace inference
