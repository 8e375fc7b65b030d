#pragma once
/// The page as built from src/report/page/web, with marks in place of its data, its title, its description,
/// the tags of its preview picture and what a panel adds; title and description may stand several times. And
/// the panel: a line for the page's content security policy, then elements with one mark in place of a model.

#include <string_view>

namespace svhn::report {

inline constexpr std::string_view kDataMark = "{{DATA}}";
inline constexpr std::string_view kTitleMark = "{{TITLE}}";
inline constexpr std::string_view kDescriptionMark = "{{DESCRIPTION}}";
inline constexpr std::string_view kPreviewMark = "{{PREVIEW}}";
inline constexpr std::string_view kPolicyMark = "{{POLICY}}";
inline constexpr std::string_view kPanelMark = "{{PANEL}}";
inline constexpr std::string_view kModelMark = "{{MODEL}}";

/// @returns the page; empty in a build without npm.
std::string_view page_template();
/// @returns the panel; empty in a build without onnxruntime-web.
std::string_view panel_template();

}  // namespace svhn::report
