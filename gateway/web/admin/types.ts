// What the HTTP doors of the administration answer.
export interface Entry {
  id: string; state: string; physician: string; patient_ref: string; booked_for: number; started_at?: number | null;
  ended_at?: number | null; outcome?: string | null; refused: number; gap_seconds: number;
}
export interface Page { entries: Entry[]; next: number | null }

export interface LogRecord {
  seq: number;
  t: string | number;
  act: string;
  out: string;
  actor: { k: string; role?: string; id?: string };
  rule?: string | { id: string } | null;
  x?: Record<string, string | number | boolean>;
}
export interface FailedRule { rule: string; clause?: string; action?: string; truth?: string; fact?: string; text?: string }
export interface DecisionEntry {
  id?: string; t?: string | number; gate: string; verdict: string; pack?: string; version?: string; pack_version?: string;
  rules_evaluated?: number; failed?: FailedRule[];
}
export interface Timeline { records: LogRecord[]; decisions: DecisionEntry[] }

export interface AuditStatus {
  size: number; root: string; checkpoint: { size: number; root: string; age_seconds: number; signed: boolean } | null;
  verified: boolean; verified_through: number; first_bad: number | null;
}
export interface Status { certificate_expires?: string | number | null; counters: Record<string, number> }
export interface Booked { consultation: string; link: string }

/* Times come as RFC 3339 text, milliseconds or microseconds since 1970. */
export function toMs(value: string | number): number {
  if (typeof value === "string") return Date.parse(value);
  return value > 1e14 ? value / 1000 : value < 1e11 ? value * 1000 : value;
}
