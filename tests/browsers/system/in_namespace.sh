#!/bin/sh
# Runs a command in a network namespace of its own: loopback and one veth pair with a documentation address (RFC 5737), no
# way out. Browsers leave loopback out of ICE, so media needs another address, and none of the machine's is touched.
set -eu
[ "$(id -u)" -eq 0 ] && own=-n || own=-rn
export TSUNAGI_TEST_ADDRESS=192.0.2.10
exec unshare "$own" sh -c '
    ip link set lo up
    ip link add here type veth peer name there
    ip address add "$TSUNAGI_TEST_ADDRESS/24" dev here
    ip link set here up
    ip link set there up
    # A default route is how a browser picks its address; it leads to the other end of the pair, where nobody is.
    ip route add default via 192.0.2.1 dev here
    exec "$@"' sh "$@"
