#include "report/letters/letters.h"

#include <cairo.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <set>

#include "core/json.h"

namespace svhn::report {
namespace {

constexpr double kPixelsPerPoint = 96.0 / 72.0;
constexpr const char* kEllipsis = "…";

template <auto destroy>
struct Destroy {
  template <class T>
  void operator()(T* object) const {
    destroy(object);
  }
};
using Surface = std::unique_ptr<cairo_surface_t, Destroy<cairo_surface_destroy>>;
using Context = std::unique_ptr<cairo_t, Destroy<cairo_destroy>>;
using FontOptions = std::unique_ptr<cairo_font_options_t, Destroy<cairo_font_options_destroy>>;

/// Without hinting, so that widths grow with the size and are the same on every machine with the font.
Context pen_on(cairo_surface_t* surface, double points) {
  Context pen(cairo_create(surface));
  const FontOptions options(cairo_font_options_create());
  cairo_font_options_set_antialias(options.get(), CAIRO_ANTIALIAS_GRAY);
  cairo_font_options_set_hint_style(options.get(), CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options.get(), CAIRO_HINT_METRICS_OFF);
  cairo_set_font_options(pen.get(), options.get());
  cairo_select_font_face(pen.get(), "sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(pen.get(), points * kPixelsPerPoint);
  return pen;
}

std::string clean(std::string_view text) {
  return core::printable(text, std::numeric_limits<std::size_t>::max());
}

std::vector<std::string> characters(const std::string& text) {
  std::vector<std::string> list;
  for (const char byte : text) {
    const bool continues = (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
    if (!continues || list.empty()) list.emplace_back();
    list.back() += byte;
  }
  return list;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    if (end > at) words.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

/// @returns the names without the words that all have at the same place; unchanged if their numbers of words
/// differ.
std::vector<std::string> without_shared_words(const std::vector<TaggedName>& names) {
  std::vector<std::vector<std::string>> words;
  words.reserve(names.size());
  for (const TaggedName& name : names) words.push_back(words_of(name.name));
  const auto size = words.empty() ? 0 : words.front().size();
  const bool alike = words.size() > 1 && std::all_of(words.begin(), words.end(),
                                                     [&](const auto& list) { return list.size() == size; });
  std::vector<std::string> texts;
  for (const auto& list : words) {
    std::vector<std::string> kept;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const bool shared = alike && std::all_of(words.begin(), words.end(),
                                               [&](const auto& other) { return other[i] == list[i]; });
      if (!shared) {
        kept.push_back(list[i]);
      } else if (kept.empty() || kept.back() != kEllipsis) {
        kept.emplace_back(kEllipsis);
      }
    }
    texts.push_back(joined(kept));
  }
  return texts;
}

}  // namespace

double text_width(std::string_view text, double points) {
  thread_local const Surface kNowhere(cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1));
  const Context pen = pen_on(kNowhere.get(), points);
  cairo_text_extents_t extents;
  cairo_text_extents(pen.get(), clean(text).c_str(), &extents);
  return extents.x_advance;
}

std::string cut_middle(std::string_view text, double width, double points) {
  std::string whole = clean(text);
  if (text_width(whole, points) <= width) return whole;
  const auto letters = characters(whole);
  const auto with = [&](std::size_t kept) {
    const auto head = static_cast<std::ptrdiff_t>((kept + 1) / 2),
               tail = static_cast<std::ptrdiff_t>(kept / 2);
    std::string cut;
    for (auto at = letters.begin(); at != letters.begin() + head; ++at) cut += *at;
    cut += kEllipsis;
    for (auto at = letters.end() - tail; at != letters.end(); ++at) cut += *at;
    return cut;
  };
  std::size_t fits = 0, too_many = letters.size();
  while (too_many - fits > 1) {
    const std::size_t middle = (fits + too_many) / 2;
    (text_width(with(middle), points) <= width ? fits : too_many) = middle;
  }
  return with(fits);
}

std::vector<std::string> wrapped(std::string_view text, double width, std::size_t most_lines, double points) {
  std::vector<std::string> lines;
  for (const std::string& word : words_of(clean(text))) {
    const bool last = lines.size() == most_lines;
    const std::string longer = lines.empty() ? word : lines.back() + " " + word;
    if (!lines.empty() && (last || text_width(longer, points) <= width)) {
      lines.back() = longer;
    } else {
      lines.push_back(word);
    }
  }
  for (std::string& line : lines) line = cut_middle(line, width, points);
  return lines;
}

std::vector<std::string> distinct_names(const std::vector<TaggedName>& names, double width, double points) {
  const bool fit = std::all_of(names.begin(), names.end(), [&](const TaggedName& name) {
    return text_width(name.name, points) <= width;
  });
  std::vector<std::string> texts;
  if (fit) {
    for (const TaggedName& name : names) texts.push_back(clean(name.name));
  } else {
    texts = without_shared_words(names);
    for (std::string& text : texts) text = cut_middle(text, width, points);
  }
  const std::multiset<std::string> all(texts.begin(), texts.end());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (all.count(texts[i]) == 1) continue;
    const std::string tag = " (" + clean(names[i].tag) + ")";
    texts[i] = cut_middle(texts[i], width - text_width(tag, points), points) + tag;
  }
  return texts;
}

void draw_text(const Canvas& canvas, std::string_view text, const LineLook& look, double left,
               double baseline) {
  const Surface surface(cairo_image_surface_create_for_data(canvas.pixels, CAIRO_FORMAT_RGB24, canvas.width,
                                                            canvas.height, canvas.stride));
  const Context pen = pen_on(surface.get(), look.points);
  cairo_set_source_rgb(pen.get(), look.red, look.green, look.blue);
  cairo_move_to(pen.get(), left, baseline);
  cairo_show_text(pen.get(), clean(text).c_str());
  cairo_surface_flush(surface.get());
}

}  // namespace svhn::report
