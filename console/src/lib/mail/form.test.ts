import { expect, test } from 'vitest';
import { ApiError } from '../api/problem';
import type { MailSettings } from '../api/types';
import { formOf, mistakesOf, portFor, settingsOf } from './form';

const SETTINGS: MailSettings = {
  daily: true,
  hour_utc: 6,
  host: 'mail.example.com',
  port: 587,
  security: 'start_tls',
  user: 'eidetic',
  sender: 'eidetic@example.com',
  recipients: ['a@example.com', 'b@example.com'],
  trusted_certificates: '',
  console_url: 'https://eidetic.example.com:9443',
};

test('settings come back from the form as they went in', () => {
  expect(settingsOf(formOf(SETTINGS, 'https://elsewhere'))).toEqual(SETTINGS);
});

test('the links lead to where the console is open when nothing was kept yet', () => {
  const fresh = { ...SETTINGS, host: '', console_url: '' };
  expect(formOf(fresh, 'https://here:9443').consoleUrl).toBe('https://here:9443');
  expect(formOf(fresh, 'http://localhost:5173').consoleUrl).toBe('');
});

test('recipients may stand on lines or with commas, and a port has to be one', () => {
  const form = {
    ...formOf(SETTINGS, ''),
    recipients: 'a@x.org, b@x.org;\n\nc@x.org',
    port: '70000',
  };
  const settings = settingsOf(form);
  expect(settings.recipients).toEqual(['a@x.org', 'b@x.org', 'c@x.org']);
  expect(settings.port).toBe(0);
  expect(settingsOf({ ...form, port: '2a' }).port).toBe(0);
});

test('the usual port follows the encryption, a port of one’s own stays', () => {
  expect(portFor('tls', '587')).toBe('465');
  expect(portFor('none', '2525')).toBe('2525');
});

test('mistakes stand beside their fields', () => {
  const problem = {
    type: 'about:blank',
    title: '',
    status: 422,
    detail: '',
    errors: [
      { field: 'host', message: 'is needed' },
      { field: 'recipients[0]', message: 'is wrong' },
      { field: 'recipients[2]', message: 'is wrong' },
    ],
  };
  expect(mistakesOf(new ApiError('bad-request', '', 422, problem))).toEqual({
    host: 'is needed',
    recipients: 'number 1 is wrong; number 3 is wrong',
  });
  expect(mistakesOf(new Error('no'))).toEqual({});
});
