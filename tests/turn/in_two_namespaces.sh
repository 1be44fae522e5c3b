#!/bin/sh
# Runs a command in a network namespace that stands for a browser's network, joined by a veth pair to a second one, where
# gateway and TURN server are to run (TSUNAGI_SERVER_SIDE: the words to put before their commands). Addresses are those of
# the documentation (RFC 5737); neither has a way out. What the browser's network lets through is the test's to say (nft).
set -eu
[ "$(id -u)" -eq 0 ] && own=-n || own=-rn
export TSUNAGI_GATEWAY_ADDRESS=192.0.2.10 TSUNAGI_TURN_ADDRESS=192.0.2.20 TSUNAGI_OTHER_ADDRESS=192.0.2.30
exec unshare "$own" sh -c '
    unshare -n sleep infinity &
    server=$!
    trap "kill $server" EXIT
    export TSUNAGI_SERVER_SIDE="nsenter --net=/proc/$server/ns/net --"
    ip link set lo up
    ip link add browsers type veth peer name servers
    # unshare has to have made its namespace before the other end can move there
    while [ "$(readlink /proc/$server/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
    ip link set servers netns "$server"
    ip address add 192.0.2.100/24 dev browsers
    ip link set browsers up
    # A default route is how a browser picks its address.
    ip route add default via "$TSUNAGI_GATEWAY_ADDRESS"
    $TSUNAGI_SERVER_SIDE ip link set lo up
    for address in "$TSUNAGI_GATEWAY_ADDRESS" "$TSUNAGI_TURN_ADDRESS" "$TSUNAGI_OTHER_ADDRESS"; do
        $TSUNAGI_SERVER_SIDE ip address add "$address/24" dev servers
    done
    $TSUNAGI_SERVER_SIDE ip link set servers up
    "$@"' sh "$@"
