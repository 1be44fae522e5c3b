// Line icons; each always stands beside its word.
const PATHS: Record<string, string> = {
  voice: "M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5 11v1a7 7 0 0 0 14 0v-1M12 19v3",
  voice_off: "M9 9v3a3 3 0 0 0 5 2M15 11V6a3 3 0 0 0-6-.5M5 11v1a7 7 0 0 0 11 5.7M19 11v1a7 7 0 0 1-.4 2.3M12 19v3M3 3l18 18",
  face: "M12 12a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM3.5 21c.6-4 4-6.500 8.500-6.500s7.900 2.500 8.500 6.500",
  face_off: "M12 12a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM3.5 21c.6-4 4-6.500 8.500-6.500s7.900 2.500 8.500 6.500M3 3l18 18",
  end: "M3 15c0-6 18-6 18 0v2.500h-5V14a15 15 0 0 0-8 0v3.500H3z",
  phone: "M5 3h4l2 5-2.500 1.500a12 12 0 0 0 6 6L16 13l5 2v4a2 2 0 0 1-2 2C10.500 21 3 13.500 3 5a2 2 0 0 1 2-2z",
  alert: "M12 3 1.500 21h21zM12 10v5M12 17.500v.5",
  check: "M4 12.500 9.500 18 20 6.500",
  copy: "M8 8h12v12H8zM16 8V4H4v12h4",
  write: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
  screen: "M3 4h18v12H3zM9 20h6M12 16v4",
  pause: "M8 5v14M16 5v14",
  lock: "M6 11h12v9H6zM8.500 11V7.500a3.500 3.500 0 0 1 7 0V11",
};

export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}
