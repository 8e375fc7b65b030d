# Run by CPack between the installation into its folder and the making of a package.
if(CPACK_GENERATOR STREQUAL "DEB")
  set(script finish_debian.sh)
else()
  set(script finish_archive.sh)
endif()
set(ENV{SVHN_MAINTAINER} "${CPACK_DEBIAN_PACKAGE_MAINTAINER}")
set(ENV{SVHN_VERSION} "${CPACK_PACKAGE_VERSION}")
execute_process(COMMAND "${CMAKE_CURRENT_LIST_DIR}/${script}" "${CPACK_TEMPORARY_DIRECTORY}"
                COMMAND_ERROR_IS_FATAL ANY)
