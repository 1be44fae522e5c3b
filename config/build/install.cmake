# `cmake --install build/release --prefix /usr`: programs, pages, rule packs, units, documents. The configuration is not
# written: a copy of share/doc/tsunagi/tsunagi.yaml, edited, becomes /etc/tsunagi/tsunagi.yaml.
include(GNUInstallDirs)
install(TARGETS tsunagi tsunagi-demo RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${CMAKE_BINARY_DIR}/web DESTINATION ${CMAKE_INSTALL_DATADIR}/tsunagi)
install(DIRECTORY config/rules DESTINATION ${CMAKE_INSTALL_DATADIR}/tsunagi FILES_MATCHING PATTERN "*.yaml")
install(FILES README.md CHANGELOG.md config/tsunagi.yaml DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES config/systemd/tsunagi.service config/systemd/tsunagi-signer.service DESTINATION lib/systemd/system)
