#include "report/page/template.h"

#ifdef SVHN_REPORT_PAGE
// The assembler includes the file: a C++ literal of one megabyte would take the compiler seconds.
__asm__(
    ".pushsection .rodata\n"
    ".hidden kReportPage\n.global kReportPage\nkReportPage:\n.incbin \"" SVHN_REPORT_PAGE
    "\"\n"
    ".hidden kReportPageEnd\n.global kReportPageEnd\nkReportPageEnd:\n.byte 0\n"
    ".popsection\n");
extern "C" {
__attribute__((visibility("hidden"))) extern const char kReportPage[];
__attribute__((visibility("hidden"))) extern const char kReportPageEnd[];
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

}  // namespace svhn::report
