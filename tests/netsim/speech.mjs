// What the people of the rows say and show: half a minute of synthesised speech (espeak-ng), and a "head" that moves before a
// grained wall, harder to code than a browser's own test picture.
import { execFileSync } from "node:child_process";
import { closeSync, existsSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";

const SAID = {
  patient: "Good morning, doctor. Since Tuesday I have had a dry cough, mostly at night, and my knees hurt when I walk to the bus stop. "
    + "I took the medicine after breakfast, as the nurse told me. My blood pressure this morning was one hundred and forty two over eighty eight. "
    + "I sleep badly, and yesterday I felt dizzy when I stood up from the chair. There is no fever. My daughter measured it twice.",
  physician: "Thank you. Please tell me when the dizziness comes, and whether you can drink enough during the day. "
    + "I would like to see your ankles; could you hold the camera a little lower? That is good. Now take a deep breath and hold it. "
    + "We will keep the dose as it is until next week, and I will ask the clinic in your town to take a little blood. "
    + "If the cough gets worse, or you have pain in your chest, call us at once.",
};

export function speechFile(folder, who) {
  const path = join(folder, `${who}.wav`);
  if (!existsSync(path)) execFileSync("espeak-ng", ["-v", who === "patient" ? "en+f3" : "en+m3", "-s", "150", "-w", path, SAID[who]]);
  return path;
}

const WIDTH = 320, HEIGHT = 240, RATE = 15, FRAMES = 60;

/* YUV4MPEG2, 4:2:0. The grain is one fixed texture shifted at random every third frame; deterministic, and modest: some 400 kbit/s. */
export function cameraFile(folder) {
  const path = join(folder, "head.y4m");
  if (existsSync(path)) return path;
  const file = openSync(`${path}.part`, "w");
  writeSync(file, `YUV4MPEG2 W${WIDTH} H${HEIGHT} F${RATE}:1 Ip A1:1 C420jpeg\n`);
  let state = 12345;
  const chance = () => { state = (Math.imul(state, 1103515245) + 12345) >>> 0; return state >>> 16; };
  const grain = Uint8Array.from({ length: 1 << 20 }, () => chance() % 4);
  const frame = Buffer.alloc(WIDTH * HEIGHT * 3 / 2, 128);
  let shift = 0;
  for (let n = 0; n < FRAMES; n++) {
    const turn = 2 * Math.PI * n / FRAMES, x0 = WIDTH / 2 + 30 * Math.sin(turn), y0 = HEIGHT / 2 + 12 * Math.sin(2 * turn), mouth = 6 + 5 * Math.sin(9 * turn);
    if (n % 3 === 0) shift = chance() * 7;
    for (let y = 0, at = 0; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH; x++, at++) {
        const dx = (x - x0) / 60, dy = (y - y0) / 80, far = dx * dx + dy * dy;
        let light = 70 + (x >> 2) + 24 * ((x >> 4 ^ y >> 4) & 1);
        if (far < 1) light = 190 - 60 * far - (Math.abs(dx) < 0.35 && Math.abs(y - y0 - 35) < mouth ? 90 : 0);
        frame[at] = light + grain[(at + shift) & 0xfffff];
      }
    }
    frame.fill(120, WIDTH * HEIGHT, WIDTH * HEIGHT * 5 / 4);
    frame.fill(140, WIDTH * HEIGHT * 5 / 4);
    writeSync(file, "FRAME\n");
    writeSync(file, frame);
  }
  closeSync(file);
  renameSync(`${path}.part`, path);
  return path;
}
