// SDP answers nobody honest sends: each breaks one thing of an answer to the gateway's four m-lines.
const bytes = (count) => Array.from({ length: count }, () => "AB").join(":");

function answer({ ufrag = "abcd", pwd = "abcdefghijklmnopqrstuvwx", fingerprint = `sha-256 ${bytes(32)}`, setup = "active", each = "", tail = "" }) {
  const line = (mid, kind, direction) => `m=${kind} 9 UDP/TLS/RTP/SAVPF ${kind === "audio" ? 111 : 96}\r
c=IN IP4 0.0.0.0\r
a=rtcp-mux\r
a=ice-ufrag:${ufrag}\r
a=ice-pwd:${pwd}\r
a=fingerprint:${fingerprint}\r
a=setup:${setup}\r
a=mid:${mid}\r
a=${direction}\r
a=rtpmap:${kind === "audio" ? "111 opus/48000/2" : "96 VP8/90000"}\r
${each}`;
  return `v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2 3\r\n${
    line(0, "audio", "sendonly")}${line(1, "video", "sendonly")}${line(2, "audio", "recvonly")}${line(3, "video", "recvonly")}${tail}`;
}

export const hostileAnswers = () => [
  ["hardly anything", "v"],
  ["no line ends", `v=0\r\n${"a".repeat(32000)}`],
  ["the server's own role", answer({ setup: "passive" })],
  ["a SHA-1 fingerprint", answer({ fingerprint: `sha-1 ${bytes(20)}` })],
  ["an MD5 fingerprint", answer({ fingerprint: `md5 ${bytes(16)}` })],
  ["a fingerprint too long", answer({ fingerprint: `sha-256 ${bytes(500)}` })],
  ["a fingerprint too short", answer({ fingerprint: `sha-256 ${bytes(31)}` })],
  ["hundreds of candidates", answer({ each: "a=candidate:1 1 udp 2130706431 10.0.0.1 9999 typ host\r\n".repeat(125) })],
  ["a ufrag too long", answer({ ufrag: "a".repeat(300) })],
  ["no ufrag", answer({ ufrag: "" })],
  ["a password too short", answer({ pwd: "x" })],
  ["a data channel", answer({ tail: "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:4\r\n" })],
  ["hundreds of m-lines", answer({ tail: "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\n".repeat(200) })],
  ["thousands of lines", answer({ tail: "a=x\r\n".repeat(5000) })],
  ["control characters", answer({ tail: "a=\u0001\u0002\r\n" })],
];
