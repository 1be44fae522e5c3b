# The half of the room that has sockets, threads and sessions; included by CMakeLists.txt after media_core.
tsunagi_room(media
    SOURCES
        media.c
        ice/ice_agent.c ice/ice_peer.c ice/net_address.c ice/slot_index.c
        ice/tcp_framing.c ice/tcp_send_queue.c
        dtls/dtls_bio.c dtls/dtls_context.c dtls/dtls_identity.c dtls/dtls_session.c
        dtls/handshake_queue.c
        endpoint/endpoint.c endpoint/endpoint_ladder.c endpoint/endpoint_tick.c endpoint/endpoint_transport.c endpoint/route.c
        path/path_receive.c path/path_classify.c path/path_transport.c path/path_open.c path/path_route.c path/path_layers.c path/path_pace.c
        path/path_redundancy.c path/path_rewrite.c path/path_repair.c path/path_seal.c path/path_send.c path/path_rtcp_in.c
        path/path_rtcp_out.c path/segment_runs.c
        worker/worker.c worker/worker_commands.c worker/worker_events.c worker/worker_index.c
        worker/worker_sockets.c worker/worker_timers.c worker/udp_offload.c worker/worker_pin.c
        worker/tcp_table.c worker/worker_tcp.c worker/worker_tcp_accept.c
    ROOMS base media_core
    PACKAGES libssl libcrypto nice libsrtp2)
