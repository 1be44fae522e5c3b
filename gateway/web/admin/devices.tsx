// Tokens of devices (WHIP, WHEP) of one consultation: made here, shown once, taken back here.
import { useState } from "preact/hooks";
import { api, troubleOf, type Trouble } from "../shared/http";
import { dateTime, fill, useText } from "../shared/language";
import { Copy } from "../shared/parts";
import { useLoad, Wrong } from "./parts";
import { words } from "./texts";

interface Device { device: string; publish: boolean; play: boolean; watch: "patient" | "physician"; expires: number; revoked: boolean }
interface Made { device: string; token: string; whip: string; whep: string; expires: number }

export function Devices({ id }: { id: string }) {
  const t = useText();
  const root = `/api/consultations/${encodeURIComponent(id)}/devices`;
  const [made, setMade] = useState<Made | null>(null);
  const [changes, setChanges] = useState(0);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const [publish, setPublish] = useState(true);
  const [play, setPlay] = useState(true);
  const [watch, setWatch] = useState<Device["watch"]>("physician");
  const list = useLoad(() => api<{ devices: Device[] }>("GET", root), `${id} ${changes}`);
  const change = async (work: () => Promise<void>) => {
    setTrouble(null);
    try {
      await work();
      setChanges((before) => before + 1);
    } catch (error) {
      setTrouble(troubleOf(error));
    }
  };
  const make = () => change(async () => setMade(await api<Made>("POST", root, { publish, play, watch })));
  const revoke = (device: string) => change(async () => {
    await api("POST", `${root}/revoke`, { device });
    if (made?.device === device) setMade(null);
  });
  return (
    <details class="devices" data-test="devices">
      <summary>{t(words.devices)}</summary>
      <p class="quiet">{t(words.devices_hint)}</p>
      <ul>
        {list.value?.devices.map((one) => (
          <li key={one.device} data-test="device" data-revoked={one.revoked}>
            {one.publish && <span class="chip">{t(words.device_publish)}</span>}{one.play && <span class="chip">{t(words.device_play)}</span>}
            <span>{fill(t(words.device_until), { time: dateTime(one.expires) })}</span>
            {one.revoked
              ? <span class="chip warn">{t(words.device_revoked)}</span>
              : <button type="button" class="button" data-test="device-revoke" onClick={() => void revoke(one.device)}>{t(words.device_revoke)}</button>}
          </li>
        ))}
      </ul>
      <p>
        <label><input type="checkbox" checked={publish} data-test="device-publish" onChange={(event) => setPublish(event.currentTarget.checked)} /> {t(words.device_publish)}</label>
        <label><input type="checkbox" checked={play} data-test="device-play" onChange={(event) => setPlay(event.currentTarget.checked)} /> {t(words.device_play)}</label>
        <label class="field"><span>{t(words.device_watch)}</span>
          <select value={watch} data-test="device-watch" onChange={(event) => setWatch(event.currentTarget.value as Device["watch"])}>
            <option value="physician">{t(words.device_watch_physician)}</option>
            <option value="patient">{t(words.device_watch_patient)}</option>
          </select></label>
        <button type="button" class="button" disabled={!publish && !play} data-test="device-make" onClick={() => void make()}>{t(words.device_make)}</button>
      </p>
      {made && (
        <div data-test="device-made">
          <p>{t(words.device_once)}</p>
          <Copy text={made.token} label={words.device_copy} />
          {publish && <p class="id">WHIP {made.whip}</p>}
          {play && <p class="id">WHEP {made.whep}</p>}
        </div>
      )}
      <Wrong trouble={trouble ?? list.trouble} />
    </details>
  );
}
