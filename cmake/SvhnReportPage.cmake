# The page of `svhn report`: npm fetches the packages that third_party/npm/package-lock.json pins, at configure time and
# once for each lock file; node bundles them with src/report/page/web into one file, and the assembler embeds that file.
# Without npm everything else builds, and `svhn report` reports what is missing.
option(SVHN_REPORT_PAGE "Build the page of `svhn report`, which needs npm" ON)
set(SVHN_REPORT_PAGE_FILE "")

function(svhn_fetch_page_modules FOLDER OUT)
  set(from "${PROJECT_SOURCE_DIR}/third_party/npm")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${from}/package.json" "${from}/package-lock.json")
  file(SHA256 "${from}/package-lock.json" lock)
  if(NOT EXISTS "${FOLDER}/${lock}.fetched")
    message(STATUS "Fetching the packages of the report page with npm")
    file(REMOVE_RECURSE "${FOLDER}")
    file(COPY "${from}/package.json" "${from}/package-lock.json" DESTINATION "${FOLDER}")
    execute_process(COMMAND "${SVHN_NPM}" ci --ignore-scripts --no-audit --no-fund --prefer-offline --loglevel=error
                            --fetch-retry-mintimeout=2000 --fetch-retry-maxtimeout=10000
                    WORKING_DIRECTORY "${FOLDER}" RESULT_VARIABLE failed ERROR_VARIABLE words OUTPUT_QUIET)
    if(failed)
      message(WARNING "npm could not fetch the packages of the report page, so `svhn report` will not work; configure "
                      "again with a network.\n${words}")
      set(${OUT} FALSE PARENT_SCOPE)
      return()
    endif()
    file(TOUCH "${FOLDER}/${lock}.fetched")
  endif()
  set(${OUT} TRUE PARENT_SCOPE)
endfunction()

if(SVHN_REPORT_PAGE)
  find_program(SVHN_NPM npm)
  find_program(SVHN_NODE NAMES node nodejs)
  if(SVHN_NPM AND SVHN_NODE)
    set(modules "${PROJECT_BINARY_DIR}/report_page")
    svhn_fetch_page_modules("${modules}" fetched)
    if(fetched)
      set(SVHN_REPORT_PAGE_FILE "${PROJECT_BINARY_DIR}/report_page.html")
      set(sources "${PROJECT_SOURCE_DIR}/src/report/page/web")
      file(GLOB parts CONFIGURE_DEPENDS "${sources}/*.js" "${sources}/*.mjs" "${sources}/*.css" "${sources}/*.html")
      add_custom_command(OUTPUT "${SVHN_REPORT_PAGE_FILE}"
        COMMAND "${SVHN_NODE}" "${sources}/bundle.mjs" "${sources}" "${modules}" "${SVHN_REPORT_PAGE_FILE}"
        DEPENDS ${parts} "${PROJECT_SOURCE_DIR}/third_party/npm/package-lock.json"
        COMMENT "Bundling the report page" VERBATIM)
    endif()
  else()
    message(WARNING "npm or node is missing: `svhn report` will not work (scripts/setup.sh installs them)")
  endif()
endif()
