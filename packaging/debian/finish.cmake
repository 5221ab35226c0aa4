# What Debian wants of a package's tree before it is packed: run by the install step of a component.
#   PACKAGE, SOURCE, BINARY, VERSION, PAGES: set by the caller; the tree is $DESTDIR.
find_program(PYTHON python3 REQUIRED)
set(doc "$ENV{DESTDIR}/usr/share/doc/${PACKAGE}")
set(man "${BINARY}/man")
execute_process(COMMAND ${PYTHON} ${SOURCE}/packaging/man/make_man.py ${VERSION} ${man}
                COMMAND_ERROR_IS_FATAL ANY)
foreach(page IN LISTS PAGES)
  string(REGEX REPLACE ".*\\." "" section ${page})
  file(INSTALL DESTINATION "/usr/share/man/man${section}" TYPE FILE FILES "${man}/${page}.gz")
endforeach()
file(COPY ${SOURCE}/packaging/debian/copyright DESTINATION ${doc})
execute_process(COMMAND gzip -9nc ${SOURCE}/packaging/debian/changelog
                OUTPUT_FILE ${doc}/changelog.Debian.gz COMMAND_ERROR_IS_FATAL ANY)
# A changelog that closes no bug is no fault where there is no bug tracker of Debian's.
file(WRITE "$ENV{DESTDIR}/usr/share/lintian/overrides/${PACKAGE}"
     "${PACKAGE}: initial-upload-closes-no-bugs\n")
