// A UDP echo's two ends. `echo.mjs serve ADDRESS` prints its port; `echo.mjs ask ADDRESS PORT COUNT BYTES GAP_MS` sends and prints
// what came back as JSON: round trip of each in milliseconds, null for the lost.
import { createSocket } from "node:dgram";

const [what, address, ...rest] = process.argv.slice(2);
const socket = createSocket("udp4");
if (what === "serve") {
  socket.on("message", (message, from) => socket.send(message, from.port, from.address));
  socket.bind(0, address, () => console.log(socket.address().port));
} else {
  const [port, count, bytes, gap] = rest.map(Number);
  const took = new Array(count).fill(null), began = [];
  let order = -1, late = 0, sent = 0;
  socket.on("message", (message) => {
    const number = message.readUInt32BE(0);
    took[number] ??= performance.now() - began[number];
    late += number < order;
    order = Math.max(order, number);
  });
  socket.bind(0, () => {
    const timer = setInterval(() => {
      if (sent === count) {
        clearInterval(timer);
        setTimeout(() => { console.log(JSON.stringify({ took, late })); process.exit(0); }, 1500);
        return;
      }
      const message = Buffer.alloc(bytes);
      message.writeUInt32BE(sent, 0);
      began[sent++] = performance.now();
      socket.send(message, port, address);
    }, gap);
  });
}
