// What the HTTP doors of the administration answer.
export interface Entry {
  id: string; state: string; physician: string; physician_name?: string; patient_ref: string; booked_for: number;
  /* 0 = not yet */
  lobby_at: number; admitted_at: number; started_at: number; finished_at: number; ended_at: number;
  outcome: string; end_reason: string; gap_seconds: number; examined_seconds: number; refused?: number;
}
export interface Page { entries: Entry[]; next: number | null }

export interface LogRecord {
  seq: number;
  t: string | number;
  act: string;
  out: string;
  actor: { k: string; role?: string; id?: string };
  rule?: { id: string };
  x?: Record<string, string | number | boolean>;
}
/* `failed`: rule ids, set apart by spaces. */
export interface DecisionEntry { id: string; at: number; gate: string; verdict: string; failed: string }
export interface Timeline { records: LogRecord[]; decisions: DecisionEntry[] }

export interface AuditStatus {
  size: number; root: string; checkpoint: { size: number; root: string; age_seconds: number; signed: boolean };
  verified: boolean; verified_through: number; verified_at?: number; status?: string; first_bad: number | null;
}
export interface Status { certificate_expires?: string | number | null; counters: Record<string, number> }
export interface Booked { consultation: string; link: string }

/* Times come as RFC 3339 text, milliseconds or microseconds since 1970. */
export function toMs(value: string | number): number {
  if (typeof value === "string") return Date.parse(value);
  return value > 1e14 ? value / 1000 : value < 1e11 ? value * 1000 : value;
}
