#!/usr/bin/env python3
"""What one address and port sends, as seen on the loopback of this network namespace: one line a packet, "nanoseconds of the
monotonic clock, port it goes to", until it is ended. The kernel's time of the packet, so a late reader changes nothing."""
import socket
import struct
import sys
import time

SO_TIMESTAMPNS = 35
ETH_P_IP = 0x0800


def main(address, port):
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
    wire.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    wire.bind(("lo", ETH_P_IP))
    source = socket.inet_aton(address)
    print("ready", flush=True)
    while True:
        packet, ancillary, _, where = wire.recvmsg(64, 64)
        if where[2] == socket.PACKET_OUTGOING or packet[9] != socket.IPPROTO_UDP or packet[12:16] != source:
            continue  # loopback shows each packet twice
        head = (packet[0] & 15) * 4
        source_port, target_port = struct.unpack_from("!HH", packet, head)
        if source_port != port:
            continue
        seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
        print(seconds * 10**9 + nanoseconds - time.time_ns() + time.monotonic_ns(), target_port, flush=True)


main(sys.argv[1], int(sys.argv[2]))
