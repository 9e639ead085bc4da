#include "schedule/drawing.h"

#include <cmath>
#include <utility>

namespace weft::svg {
namespace {

constexpr std::string_view kStyle =
    R"(text { font-family: "DejaVu Sans", Verdana, sans-serif; fill: #24292f; }
.title { font-size: 17px; font-weight: bold; }
.note { font-size: 12px; fill: #57606a; }
)";

}  // namespace

std::string colour(int number, int lightness) {
  const double hue = std::fmod(210.0 + 137.508 * number, 360.0);
  return fmt::format("hsl({:.0f}, 62%, {}%)", hue, lightness);
}

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '<') {
      safe += "&lt;";
    } else if (c == '&') {
      safe += "&amp;";
    } else {
      safe += static_cast<unsigned char>(c) < ' ' ? '?' : c;
    }
  }
  return safe;
}

Drawing::Drawing(double width, double height, std::string_view style) {
  line(
      R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0:.0f}" height="{1:.0f}" viewBox="0 0 {0:.0f} {1:.0f}">)",
      width, height);
  put("<style>\n{}{}</style>\n", kStyle, style);
  line(R"(<rect width="100%" height="100%" fill="#ffffff"/>)");
}

void Drawing::words(std::string_view kind, double x, double y, std::string_view words) {
  line(R"(<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>)", kind, x, y, escaped(words));
}

std::string Drawing::end() {
  text_ += "</svg>\n";
  return std::move(text_);
}

}  // namespace weft::svg
