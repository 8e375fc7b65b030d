#include "report/page/template.h"

#ifdef SVHN_REPORT_PAGE
// The assembler includes the files: C++ literals of megabytes would take the compiler seconds.
#define SVHN_EMBED(NAME, FILE)                                         \
  __asm__(                                                             \
      ".pushsection .rodata\n"                                         \
      ".hidden " NAME "\n.global " NAME "\n" NAME ":\n.incbin \"" FILE \
      "\"\n"                                                           \
      ".hidden " NAME "End\n.global " NAME "End\n" NAME                \
      "End:\n.byte 0\n"                                                \
      ".popsection\n")
SVHN_EMBED("kReportPage", SVHN_REPORT_PAGE);
SVHN_EMBED("kReportPanel", SVHN_REPORT_PANEL);
extern "C" {
__attribute__((visibility("hidden"))) extern const char kReportPage[];
__attribute__((visibility("hidden"))) extern const char kReportPageEnd[];
__attribute__((visibility("hidden"))) extern const char kReportPanel[];
__attribute__((visibility("hidden"))) extern const char kReportPanelEnd[];
}
#endif

namespace svhn::report {

std::string_view page_template() {
#ifdef SVHN_REPORT_PAGE
  return {kReportPage, static_cast<std::size_t>(kReportPageEnd - kReportPage)};
#else
  return {};
#endif
}

std::string_view panel_template() {
#ifdef SVHN_REPORT_PAGE
  return {kReportPanel, static_cast<std::size_t>(kReportPanelEnd - kReportPanel)};
#else
  return {};
#endif
}

}  // namespace svhn::report
