// What a line carries, as the gateway says it in `media`: full, medium, small (a small picture), sound, faint (no picture).
export function carriesNoPicture(line: string | undefined): boolean {
  return line === "sound" || line === "faint";
}
