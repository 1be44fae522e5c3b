// Browsers inside other apps (LINE, Facebook, …) usually cannot use a camera; the only useful thing there is the way out.

export type InApp = "line" | "other" | null;

const OTHERS = [
  /\bFB(AN|AV|_IAB)\b/, /\bInstagram\b/, /\bTwitter\b/, /\bMicroMessenger\b/, /\bKAKAOTALK\b/, /\bGSA\//, /\bYJApp/,
  /\bSnapchat\b/, /\bmusical_ly\b/, /\bBytedanceWebview\b/, /\bLinkedInApp\b/, /\bPinterest\b/, /; wv\)/,
];

export function inApp(userAgent: string): InApp {
  if (/\bLine\//i.test(userAgent)) return "line";
  if (OTHERS.some((one) => one.test(userAgent))) return "other";
  // An iPhone's web view says AppleWebKit but neither Safari nor another browser's name.
  if (/\b(iPhone|iPad|iPod)\b/.test(userAgent) && !/\b(Safari|CriOS|FxiOS|EdgiOS)\//.test(userAgent)) return "other";
  return null;
}

export function isApple(userAgent: string): boolean {
  return /\b(iPhone|iPad|iPod|Macintosh)\b/.test(userAgent);
}
