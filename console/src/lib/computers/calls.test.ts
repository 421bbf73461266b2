import { describe, expect, test } from 'vitest';
import type { ControlAnswer } from '../api/types';
import { answerInWords } from './calls';

const answer: ControlAnswer = {
  way: 'stream',
  at_us: 1,
  agent_version: '0.1.0',
  computer_name: 'web-1',
  connection: 'connected',
  sessions_recorded: 1,
  spool_bytes: 0,
  entries_waiting: 1200,
  segments_waiting: 3,
  is_connected: true,
};

describe('what an agent said', () => {
  test('says which way it was called and what waits', () => {
    expect(answerInWords('status', answer)).toBe(
      'Called over its own connection. It records 1 session; 1,200 records and 3 segments wait.',
    );
    const stopped = { ...answer, stopped_since_us: 5 };
    expect(answerInWords('status', stopped)).toContain('Recording is stopped');
  });

  test('says why it is not connected', () => {
    const away = {
      ...answer,
      address: '192.0.2.1:9003',
      is_connected: false,
      connection: 'down',
      problem: 'nothing answers at eidetic:9004',
    };
    expect(answerInWords('collect', away)).toBe(
      'Called at 192.0.2.1:9003, since it is not connected. It sends what waits: 1,200 records and ' +
        '3 segments. It is not connected to the server: nothing answers at eidetic:9004.',
    );
  });
});
