# Debian packages by CPack, one a program, from what is built already:
#   cmake --build --preset release --target proxima-gslb proxima-edge proximactl
#   (cd build/release && cpack)
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
set(CMAKE_INSTALL_PREFIX /usr)
set(PACKAGING ${CMAKE_SOURCE_DIR}/packaging)

# proxima_package(COMPONENT NAME SUMMARY PAGES...)
function(proxima_package component name summary)
  string(TOUPPER ${component} key)
  foreach(entry "PACKAGE_NAME;${name}" "DESCRIPTION;${summary}" "PACKAGE_SHLIBDEPS;ON")
    list(GET entry 0 field)
    list(GET entry 1 value)
    set(CPACK_DEBIAN_${key}_${field} "${value}" PARENT_SCOPE)
  endforeach()
  install(CODE "
    set(PACKAGE ${name})
    set(SOURCE \"${CMAKE_SOURCE_DIR}\")
    set(BINARY \"${CMAKE_BINARY_DIR}\")
    set(VERSION ${PROJECT_VERSION})
    set(PAGES \"${ARGN}\")
    include(\"${PACKAGING}/debian/finish.cmake\")" COMPONENT ${component})
endfunction()

# proxima_service(COMPONENT NAME FILES...): unit, user, folders and sysctl hints out of
# packaging/debian/COMPONENT; files for /etc/proxima.
function(proxima_service component name)
  set(from ${PACKAGING}/debian/${component})
  install(TARGETS ${name} RUNTIME DESTINATION /usr/sbin COMPONENT ${component})
  install(FILES ${from}/${name}.service DESTINATION /lib/systemd/system COMPONENT ${component})
  foreach(kind sysusers tmpfiles)
    install(FILES ${from}/${kind}.conf DESTINATION /usr/lib/${kind}.d RENAME ${name}.conf
            COMPONENT ${component})
  endforeach()
  install(FILES ${from}/sysctl.conf DESTINATION /usr/lib/sysctl.d RENAME 60-${name}.conf
          COMPONENT ${component})
  install(FILES ${ARGN} DESTINATION /etc/proxima COMPONENT ${component})
  string(TOUPPER ${component} key)
  set(CPACK_DEBIAN_${key}_PACKAGE_CONTROL_EXTRA
      "${from}/postinst;${from}/prerm;${from}/postrm;${from}/conffiles" PARENT_SCOPE)
  set(CPACK_DEBIAN_${key}_PACKAGE_DEPENDS
      "systemd | systemd-standalone-sysusers, systemd | systemd-standalone-tmpfiles" PARENT_SCOPE)
endfunction()

proxima_service(gslb proxima-gslb ${PACKAGING}/debian/gslb/proxima.toml
                ${PACKAGING}/debian/gslb/example.zone)
proxima_service(edge proxima-edge ${PACKAGING}/debian/edge/edge.toml)
install(TARGETS proximactl RUNTIME DESTINATION /usr/bin COMPONENT ctl)
install(CODE "execute_process(COMMAND python3 ${PACKAGING}/completion/make_completion.py
                              ${CMAKE_BINARY_DIR}/completion COMMAND_ERROR_IS_FATAL ANY)"
        COMPONENT ctl)
install(FILES ${CMAKE_BINARY_DIR}/completion/proximactl
        DESTINATION /usr/share/bash-completion/completions COMPONENT ctl)
install(FILES ${CMAKE_BINARY_DIR}/completion/_proximactl
        DESTINATION /usr/share/zsh/vendor-completions COMPONENT ctl)
install(FILES ${CMAKE_BINARY_DIR}/completion/proximactl.fish
        DESTINATION /usr/share/fish/vendor_completions.d COMPONENT ctl)

file(GLOB documents ${CMAKE_SOURCE_DIR}/docs/*.md)
install(FILES ${documents} DESTINATION /usr/share/doc/proxima-gslb COMPONENT gslb)
install(FILES zones/example.toml zones/example.zone
        DESTINATION /usr/share/doc/proxima-gslb/examples COMPONENT gslb)
file(GLOB dashboards ${PACKAGING}/grafana/*.json)
install(FILES ${dashboards} DESTINATION /usr/share/proxima/grafana COMPONENT gslb)
install(FILES ${PACKAGING}/prometheus/proxima.rules.yml ${PACKAGING}/prometheus/prometheus.yml
        DESTINATION /usr/share/proxima/prometheus COMPONENT gslb)
install(FILES ${CMAKE_SOURCE_DIR}/docs/edge.md DESTINATION /usr/share/doc/proxima-edge
        COMPONENT edge)

proxima_package(gslb proxima-gslb "geo-aware authoritative name server and load balancer
Answers names with the addresses of the cluster that will serve each client
best now: the nearest among the healthy, with room, in the right tier.
Serves zones from files and primaries, signs them, and speaks to secondaries."
                proxima-gslb.8 proxima.toml.5)
proxima_package(edge proxima-edge "caching reverse proxy, node of a Proxima cluster
Serves HTTP/1.1 and HTTP/2 out of memory and disk, fetches from origins or
from other edges, and tells proxima-gslb how it is and how far its clients are."
                proxima-edge.8 edge.toml.5)
proxima_package(ctl proximactl "operator's tool for proxima-gslb
Shows status and keys, explains answers, drains clusters, purges caches,
simulates changes before they are made."
                proximactl.1)

set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL gslb edge ctl)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PACKAGE_NAME proxima)
set(CPACK_PACKAGE_VENDOR Proxima)
set(CPACK_PACKAGE_CONTACT "Proxima maintainers <maintainers@proxima.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_SET_DESTDIR ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_GSLB_PACKAGE_RECOMMENDS proximactl)
set(CPACK_DEBIAN_CTL_PACKAGE_SUGGESTS proxima-gslb)
set(CPACK_THREADS 2)
include(CPack)
