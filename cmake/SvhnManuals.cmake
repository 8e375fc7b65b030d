# Manual pages and completion scripts: the program writes them itself, as they come from its commands.
set(manuals "${PROJECT_BINARY_DIR}/manuals")
add_custom_command(OUTPUT "${manuals}.written"
  COMMAND "${CMAKE_COMMAND}" -E rm -rf "${manuals}"
  COMMAND svhn __manuals "${manuals}"
  COMMAND "${CMAKE_COMMAND}" -E touch "${manuals}.written"
  DEPENDS svhn COMMENT "Writing the manual pages" VERBATIM)
add_custom_target(manuals ALL DEPENDS "${manuals}.written")

include(GNUInstallDirs)
install(DIRECTORY "${manuals}/man/" DESTINATION "${CMAKE_INSTALL_MANDIR}" COMPONENT runtime)
foreach(folder bash-completion zsh fish)
  install(DIRECTORY "${manuals}/${folder}" DESTINATION "${CMAKE_INSTALL_DATADIR}" COMPONENT runtime)
endforeach()
