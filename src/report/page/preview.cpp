#include "report/page/preview.h"

#include <spdlog/fmt/fmt.h>

#include <cctype>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "core/error.h"
#include "core/words.h"
#include "report/letters/letters.h"

namespace svhn::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kWidth = 1200, kHeight = 630, kMargin = 56, kTile = 78, kStep = 108;
constexpr std::size_t kMostTiles = 10;
const cv::Scalar kPaper(255, 255, 255, 255), kAccent(173, 92, 11, 255), kMark(0, 75, 166, 255);
constexpr LineLook kName{.points = 36, .red = .1, .green = .12, .blue = .14};
constexpr LineLook kShare{.points = 84, .red = .043, .green = .361, .blue = .678};
constexpr LineLook kText{.points = 21, .red = .1, .green = .12, .blue = .14};
constexpr LineLook kSoft{.points = 19, .red = .34, .green = .38, .blue = .42};
constexpr LineLook kSmall{.points = 12, .red = .1, .green = .12, .blue = .14};
constexpr LineLook kOnMark{.points = 20, .red = 1, .green = 1, .blue = 1};

/// What the picture says.
struct Words {
  std::string name, share;
  std::vector<std::string> beside, below;
  bool synthetic = false;
};

const Json* find(const Json& object, const char* key) {
  const auto entry = object.find(key);
  return entry == object.end() || entry->is_null() ? nullptr : &*entry;
}

const Json* opened_run(const Json& document) {
  for (const Json& run : document.at("runs")) {
    if (run.at("slug") == document.at("opens")) return &run;
  }
  return nullptr;
}

const Json* primary_result(const Json& run) {
  for (const Json& result : run.at("results")) {
    if (result.at("primary").get<bool>()) return &result;
  }
  return nullptr;
}

std::string percent(double share) {
  return fmt::format("{:.2f} %", 100 * share);
}

std::string model_text(const Json& model) {
  std::string text = model.at("which").get<std::string>() + " model";
  text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  const Json* epoch = find(model, "epoch");
  return text + (epoch == nullptr ? "" : fmt::format(" (epoch {})", epoch->get<std::int64_t>()));
}

Words words_of(const Json& run, const Json& result, const Json& evaluation) {
  const Json& interval = evaluation.at("accuracy_interval_95");
  const Json& data = result.at("data");
  const std::filesystem::path file = data.at("file").get<std::string>();
  Words words;
  words.name = run.at("name").get<std::string>();
  words.share = percent(evaluation.at("accuracy").get<double>());
  words.beside = {
      "of " + core::counted(evaluation.at("images").get<std::int64_t>(), "image") + " of the " +
          result.at("split").get<std::string>() + " split are right",
      "95 % interval " + percent(interval[0].get<double>()) + " to " + percent(interval[1].get<double>())};
  words.below = {model_text(result.at("model")) + ", data " + file.filename().string() + ", " +
                 result.at("date").get<std::string>().substr(0, 10)};
  if (const Json* images = find(run.at("training"), "images")) {
    words.below.push_back("Trained on " + core::counted(images->get<std::int64_t>(), "image"));
  }
  words.synthetic = data.at("synthetic").get<bool>();
  return words;
}

class Picture {
 public:
  explicit Picture(const SpriteSheets& sprites)
      : sprites_(sprites), sheet_(kHeight, kWidth, CV_8UC4, kPaper) {
    cv::rectangle(sheet_, {0, 0, 14, kHeight}, kAccent, cv::FILLED);
  }

  /// @returns the width of the text.
  double write(const std::string& text, const LineLook& look, double left, double baseline, double most) {
    const std::string shown = cut_middle(text, most, look.points);
    draw_text({sheet_.data, kWidth, kHeight, static_cast<int>(sheet_.step)}, shown, look, left, baseline);
    return text_width(shown, look.points);
  }

  void mark(const std::string& text) {
    const int width = static_cast<int>(text_width(text, kOnMark.points)) + 36,
              left = kWidth - kMargin - width;
    cv::rectangle(sheet_, {left, 36, width, 46}, kMark, cv::FILLED);
    write(text, kOnMark, left + 18, 67, width);
  }

  void tile(int sprite, int column, int top, const std::vector<std::string>& lines) {
    const auto image = sprites_.image(static_cast<std::size_t>(sprite));
    const int left = kMargin + column * kStep;
    cv::Mat target = sheet_(cv::Rect(left, top, kTile, kTile)), large, colours;
    const cv::Mat rgb(kSpriteSide, kSpriteSide, CV_8UC3, const_cast<std::byte*>(image.data()));
    cv::resize(rgb, large, target.size(), 0, 0, cv::INTER_CUBIC);
    cv::cvtColor(large, colours, cv::COLOR_RGB2BGRA);
    colours.copyTo(target);
    double baseline = top + kTile + 20;
    for (const std::string& line : lines) {
      write(line, kSmall, left + (kTile - text_width(line, kSmall.points)) / 2, baseline, kStep);
      baseline += 18;
    }
  }

  [[nodiscard]] std::string png() const {
    cv::Mat opaque;
    cv::cvtColor(sheet_, opaque, cv::COLOR_BGRA2BGR);
    std::vector<unsigned char> bytes;
    if (!cv::imencode(".png", opaque, bytes)) {
      throw core::Error(core::ExitCode::bug, "the preview could not be encoded");
    }
    return {bytes.begin(), bytes.end()};
  }

 private:
  const SpriteSheets& sprites_;
  cv::Mat sheet_;
};

void draw_words(Picture& picture, const Words& words) {
  constexpr double kAll = kWidth - 2 * kMargin;
  if (words.synthetic) picture.mark("synthetic digits");
  picture.write(words.name, kName, kMargin, 78, kAll - (words.synthetic ? 290 : 0));
  const double beside = kMargin + 36 + picture.write(words.share, kShare, kMargin, 208, kAll);
  double baseline = 162;
  for (const std::string& line : words.beside) {
    picture.write(line, baseline < 180 ? kText : kSoft, beside, baseline, kWidth - kMargin - beside);
    baseline += 42;
  }
  baseline = 264;
  for (const std::string& line : words.below) {
    picture.write(line, kSoft, kMargin, baseline, kAll);
    baseline += 34;
  }
}

/// One image of each digit that the model reads right.
void draw_digits(Picture& picture, const Json& cells) {
  picture.write("Digits it reads", kSmall, kMargin, 332, kWidth);
  for (int i = 0; i < 10; ++i) {
    const Json* cell = find(cells, fmt::format("{0},{0}", i).c_str());
    if (cell != nullptr && !cell->empty()) {
      picture.tile((*cell)[0][0].get<int>(), i, 344, {std::to_string((i + 1) % 10)});
    }
  }
}

void draw_mistakes(Picture& picture, const Json& worst) {
  picture.write("Worst mistakes", kSmall, kMargin, 474, kWidth);
  int column = 0;
  for (const Json& mistake : worst) {
    const int sprite = mistake.at("sprite").get<int>();
    if (sprite < 0 || column == static_cast<int>(kMostTiles)) continue;
    picture.tile(sprite, column++, 486,
                 {fmt::format("true {}", mistake.at("true").get<int>()),
                  fmt::format("predicted {}", mistake.at("predicted").get<int>())});
  }
}

}  // namespace

std::string preview_png(const Json& document, const SpriteSheets& sprites) {
  const Json* run = opened_run(document);
  const Json* result = run == nullptr ? nullptr : primary_result(*run);
  const Json* evaluation = result == nullptr ? nullptr : find(*result, "evaluation");
  if (evaluation == nullptr) return {};
  Picture picture(sprites);
  draw_words(picture, words_of(*run, *result, *evaluation));
  if (const Json* cells = find(*result, "cells")) draw_digits(picture, *cells);
  if (const Json* mistakes = find(*result, "mistakes")) draw_mistakes(picture, mistakes->at("worst"));
  return picture.png();
}

}  // namespace svhn::report
