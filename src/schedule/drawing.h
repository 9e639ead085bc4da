// Pictures as SVG.
#pragma once

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <string_view>

namespace weft::svg {

// Neighbouring numbers get colours far apart: the hue goes on by the golden angle.
std::string colour(int number, int lightness);

// Text as it may stand between tags; what cannot be printed is a question mark.
std::string escaped(std::string_view text);

// A picture that is written from front to back.
class Drawing {
 public:
  // On a white ground, in the look that all pictures share and `style`, CSS of its own.
  Drawing(double width, double height, std::string_view style);

  template <typename... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    put(format, std::forward<Args>(args)...);
    text_ += '\n';
  }
  // `kind` is a class of the style.
  void words(std::string_view kind, double x, double y, std::string_view words);
  void title(double x, double y, std::string_view words) { this->words("title", x, y, words); }

  // All of it; nothing may be written afterwards.
  std::string end();

 private:
  std::string text_;
};

}  // namespace weft::svg
