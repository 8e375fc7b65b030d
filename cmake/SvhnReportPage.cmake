# The page of `svhn report`: npm fetches the packages that third_party/npm/package-lock.json pins, at configure time and
# once for each lock file; node bundles them with src/report/page/web into one file, and the assembler embeds that file.
# Without npm everything else builds, and `svhn report` reports what is missing. In the same way a second file becomes the
# panel of `svhn report --with-model`, which runs a model in the page with onnxruntime-web; without it, that option alone
# reports what is missing.
option(SVHN_REPORT_PAGE "Build the page of `svhn report`, which needs npm" ON)
option(SVHN_REPORT_MODEL "Let `svhn report --with-model` run a model in the page, with onnxruntime-web from npm" ON)
set(SVHN_REPORT_PAGE_FILE "")

# svhn_fetch_npm(FROM FOLDER OPTION OUT): fetches into FOLDER what FROM/package-lock.json pins. OUT says whether it is there.
function(svhn_fetch_npm FROM FOLDER OPTION OUT)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${FROM}/package.json" "${FROM}/package-lock.json")
  file(SHA256 "${FROM}/package-lock.json" lock)
  if(NOT EXISTS "${FOLDER}/${lock}.fetched")
    message(STATUS "Fetching the packages of ${OPTION} with npm")
    file(REMOVE_RECURSE "${FOLDER}")
    file(COPY "${FROM}/package.json" "${FROM}/package-lock.json" DESTINATION "${FOLDER}")
    execute_process(COMMAND "${SVHN_NPM}" ci --ignore-scripts --no-audit --no-fund --prefer-offline --loglevel=error
                            --fetch-retry-mintimeout=2000 --fetch-retry-maxtimeout=10000
                    WORKING_DIRECTORY "${FOLDER}" RESULT_VARIABLE failed ERROR_VARIABLE words OUTPUT_QUIET)
    if(failed)
      message(WARNING "npm could not fetch the packages of ${OPTION}, so it will not work; configure again with a network."
                      "\n${words}")
      set(${OUT} FALSE PARENT_SCOPE)
      return()
    endif()
    file(TOUCH "${FOLDER}/${lock}.fetched")
  endif()
  set(${OUT} TRUE PARENT_SCOPE)
endfunction()

# Removes all of onnxruntime-web and its dependencies, 110 MB, but the 12 MB that the panel is bundled from.
function(svhn_keep_runtime MODULES)
  file(GLOB all "${MODULES}/*" "${MODULES}/onnxruntime-web/*" "${MODULES}/onnxruntime-web/dist/*")
  list(FILTER all EXCLUDE REGEX "/(onnxruntime-web|dist|package\\.json|ort\\.wasm\\.bundle\\.min\\.mjs|[^/]*threaded\\.wasm)$")
  if(all)
    file(REMOVE_RECURSE ${all})
  endif()
endfunction()

if(SVHN_REPORT_PAGE)
  find_program(SVHN_NPM npm)
  find_program(SVHN_NODE NAMES node nodejs)
  if(SVHN_NPM AND SVHN_NODE)
    set(locks "${PROJECT_SOURCE_DIR}/third_party/npm")
    set(modules "${PROJECT_BINARY_DIR}/report_page")
    set(runtime "")
    svhn_fetch_npm("${locks}" "${modules}" "svhn report" fetched)
    if(fetched AND SVHN_REPORT_MODEL)
      svhn_fetch_npm("${locks}/model" "${PROJECT_BINARY_DIR}/report_model" "svhn report --with-model" with_model)
      if(with_model)
        set(runtime "${PROJECT_BINARY_DIR}/report_model")
        svhn_keep_runtime("${runtime}/node_modules")
      endif()
    endif()
    if(fetched)
      set(SVHN_REPORT_PAGE_FILE "${PROJECT_BINARY_DIR}/report_page.html")
      set(SVHN_REPORT_PANEL_FILE "${PROJECT_BINARY_DIR}/report_panel.html")
      set(sources "${PROJECT_SOURCE_DIR}/src/report/page/web")
      file(GLOB parts CONFIGURE_DEPENDS "${sources}/*.js" "${sources}/*.mjs" "${sources}/*.css" "${sources}/*.html")
      add_custom_command(OUTPUT "${SVHN_REPORT_PAGE_FILE}" "${SVHN_REPORT_PANEL_FILE}"
        COMMAND "${SVHN_NODE}" "${sources}/bundle.mjs" "${sources}" "${modules}" "${SVHN_REPORT_PAGE_FILE}"
                "${SVHN_REPORT_PANEL_FILE}" ${runtime}
        DEPENDS ${parts} "${locks}/package-lock.json" "${locks}/model/package-lock.json"
        COMMENT "Bundling the report page" VERBATIM)
    endif()
  else()
    message(WARNING "npm or node is missing: `svhn report` will not work (scripts/setup.sh installs them)")
  endif()
endif()
