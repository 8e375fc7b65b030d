# The program `svhn`, and the library that it loads for what needs LibTorch or OpenCV: libsvhn, which is the public
# interface, too (include/svhn). Both have the same place to each other in the build folder as when installed.
include(GNUInstallDirs)
file(RELATIVE_PATH library_folder "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBDIR}")
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")

add_executable(svhn "${PROJECT_SOURCE_DIR}/src/cli/commands/main.cpp")
target_link_libraries(svhn PRIVATE svhn_cli_commands ${CMAKE_DL_LIBS})
target_compile_definitions(svhn PRIVATE "SVHN_LIBRARY=\"${library_folder}/libsvhn.so.${PROJECT_VERSION_MAJOR}\"")
# LibTorch calls the program's own `bind` (core/adopted_socket.h).
target_link_options(svhn PRIVATE "-Wl,--undefined=bind,--export-dynamic-symbol=bind")
install(TARGETS svhn RUNTIME COMPONENT runtime)
if(NOT SVHN_ENGINE)
  return()
endif()

# The objects themselves, as nothing asks an archive for what only users of the library call.
add_library(libsvhn SHARED $<TARGET_OBJECTS:svhn_api>)
target_link_libraries(libsvhn PRIVATE svhn_api)
set(exports "${PROJECT_SOURCE_DIR}/src/api/exports.map")
target_link_options(libsvhn PRIVATE "-Wl,--version-script=${exports}")
set_target_properties(libsvhn PROPERTIES
  OUTPUT_NAME svhn EXPORT_NAME svhn LINK_DEPENDS "${exports}"
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
  LIBRARY_OUTPUT_DIRECTORY "${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/${library_folder}"
  INSTALL_RPATH_USE_LINK_PATH ON)  # A LibTorch outside of the system's folders.
target_include_directories(libsvhn INTERFACE "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>")
add_dependencies(svhn libsvhn)
install(TARGETS libsvhn EXPORT svhn LIBRARY COMPONENT runtime NAMELINK_COMPONENT development
        INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")

# For programs that use the library: headers, the CMake package `svhn` with its target svhn::svhn, pkg-config's file.
set(package "${CMAKE_INSTALL_LIBDIR}/cmake/svhn")
install(FILES "${PROJECT_SOURCE_DIR}/include/svhn/svhn.hpp" "${PROJECT_SOURCE_DIR}/include/svhn/svhn.h"
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/svhn" COMPONENT development)
install(EXPORT svhn NAMESPACE svhn:: FILE svhnConfig.cmake DESTINATION "${package}" COMPONENT development)
include(CMakePackageConfigHelpers)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/svhnConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/svhnConfigVersion.cmake" DESTINATION "${package}" COMPONENT development)
file(RELATIVE_PATH back "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
configure_file("${PROJECT_SOURCE_DIR}/cmake/svhn.pc.in" "${PROJECT_BINARY_DIR}/svhn.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/svhn.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT development)
