/** The settings of mail as they stand in a form. */

import { ApiError } from '../api/problem';
import type { MailSecurity, MailSettings } from '../api/types';

/** The port that mail servers listen on with each kind of encryption. */
export const USUAL_PORTS: Record<MailSecurity, number> = { start_tls: 587, tls: 465, none: 25 };

export interface MailForm {
  daily: boolean;
  hour: number;
  host: string;
  port: string;
  security: MailSecurity;
  user: string;
  sender: string;
  /** One a line, or with commas between them. */
  recipients: string;
  certificates: string;
  consoleUrl: string;
}

/** Settings that were never kept get the address by which the console is open now. */
export function formOf(settings: MailSettings, origin: string): MailForm {
  const isNew = settings.host === '';
  return {
    daily: settings.daily,
    hour: settings.hour_utc,
    host: settings.host,
    port: String(settings.port),
    security: settings.security,
    user: settings.user,
    sender: settings.sender,
    recipients: settings.recipients.join('\n'),
    certificates: settings.trusted_certificates,
    consoleUrl: isNew && origin.startsWith('https://') ? origin : settings.console_url,
  };
}

/** What is sent to the server. A port that is no number is none, which it refuses. */
export function settingsOf(form: MailForm): MailSettings {
  const port = /^\d+$/.test(form.port.trim()) ? Number(form.port) : 0;
  return {
    daily: form.daily,
    hour_utc: form.hour,
    host: form.host.trim(),
    port: port <= 65535 ? port : 0,
    security: form.security,
    user: form.user.trim(),
    sender: form.sender.trim(),
    recipients: form.recipients
      .split(/[\n,;]/)
      .map((recipient) => recipient.trim())
      .filter((recipient) => recipient !== ''),
    trusted_certificates: form.certificates.trim(),
    console_url: form.consoleUrl.trim(),
  };
}

/** The port for another kind of encryption, unless somebody chose one of his own. */
export function portFor(security: MailSecurity, port: string): string {
  const isUsual = Object.values(USUAL_PORTS).some((usual) => String(usual) === port.trim());
  return isUsual ? String(USUAL_PORTS[security]) : port;
}

/** What the server found wrong, by field: recipients are one of them. */
export function mistakesOf(error: unknown): Record<string, string> {
  const mistakes: Record<string, string> = {};
  const problems = error instanceof ApiError ? (error.problem?.errors ?? []) : [];
  for (const { field, message } of problems) {
    const place = /^recipients\[(\d+)\]$/.exec(field);
    const key = place === null ? field : 'recipients';
    const text = place === null ? message : `number ${Number(place[1]) + 1} ${message}`;
    mistakes[key] = key in mistakes ? `${mistakes[key]}; ${text}` : text;
  }
  return mistakes;
}
