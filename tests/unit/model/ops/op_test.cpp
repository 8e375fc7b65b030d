#include "model/ops/op.h"

#include "unit/model/ops/infer.h"

namespace svhn::model {
namespace {

using P = WindowPad;

TEST(WindowPadding, FollowsTensorFlowAndPyTorch) {
  const auto text = [](P pad, std::int64_t size, std::int64_t kernel, std::int64_t stride) {
    const PadAmount amount = window_padding(pad, size, kernel, stride);
    return std::to_string(amount.before) + "," + std::to_string(amount.after);
  };
  EXPECT_EQ(text(P::valid, 7, 3, 2), "0,0");
  EXPECT_EQ(text(P::same, 7, 3, 1), "1,1");
  EXPECT_EQ(text(P::same, 8, 3, 2), "0,1");  // 4 windows cover 9.
  EXPECT_EQ(text(P::same, 8, 4, 1), "1,2");
  EXPECT_EQ(text(P::same, 8, 1, 2), "0,0");  // A kernel smaller than the stride needs none.
  EXPECT_EQ(text(P::half, 8, 3, 2), "1,1");
  EXPECT_EQ(text(P::half, 8, 7, 1), "3,3");
}

OpPlan window_plan(const Window& window, const Shape& input) {
  OpPlan plan{{input}, {}, {}};
  EXPECT_EQ(infer_window(plan, window, 2, "size").problem, "");
  return plan;
}

// PyTorch's max_pool2d with ceil_mode, sizes from torch 1.13.
TEST(InferWindow, LetsTheLastWindowHangOverTheEnd) {
  const auto side = [](std::int64_t size, std::int64_t kernel, std::int64_t stride, P pad = P::valid) {
    return window_plan({kernel, kernel, stride, pad, true, 1}, {2, size, size}).output[1];
  };
  EXPECT_EQ(side(7, 3, 2), 3);
  EXPECT_EQ(side(8, 3, 2), 4);
  EXPECT_EQ(side(2, 3, 2), 1) << "a window larger than the image";
  EXPECT_EQ(side(4, 2, 3), 2);
  EXPECT_EQ(side(3, 1, 3), 1) << "the second would start behind the end";
  EXPECT_EQ(side(5, 3, 2, P::half), 3);
  EXPECT_EQ(side(6, 3, 2, P::half), 4);
  OpPlan plan{{{2, 1, 1}}, {}, {}};
  EXPECT_NE(infer_window(plan, {3, 3, 2, P::valid, true, 1}, 2, "size").problem, "");
}

TEST(InferWindow, RefusesWhatIsNoWindow) {
  OpPlan plan{{{2, 5, 5}}, {}, {}};
  EXPECT_EQ(infer_window(plan, {0, 1, 1, P::valid, false, 1}, 2, "size").problem,
            "size is 0, expected 1 or more");
  EXPECT_EQ(infer_window(plan, {1, 1, 0, P::valid, false, 1}, 2, "size").problem,
            "stride is 0, expected 1 or more");
}

TEST(Window, StandsForItsHeightWhereItIsZero) {
  const Window window = Window{.height = 3, .stride = 0}.resolved();
  EXPECT_EQ(window.width, 3);
  EXPECT_EQ(window.stride, 3);
  const Window wide = Window{.height = 3, .width = 5, .stride = 2, .dilation = 2}.resolved();
  EXPECT_EQ(wide.covered_height(), 5);
  EXPECT_EQ(wide.covered_width(), 9);
  EXPECT_EQ(wide.stride, 2);
}

TEST(FitsBound, SeesProductsThatOverflow) {
  EXPECT_TRUE(fits_bound({3, 4}, 12));
  EXPECT_FALSE(fits_bound({3, 4}, 11));
  EXPECT_FALSE(fits_bound({3, 0}, 12));
  EXPECT_FALSE(fits_bound({std::int64_t{1} << 40, std::int64_t{1} << 40}, std::int64_t{1} << 62));
}

}  // namespace
}  // namespace svhn::model
