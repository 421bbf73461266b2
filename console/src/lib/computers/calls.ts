/** What an agent said to a call, in words. */

import type { ControlAnswer, ControlRequest } from '../api/types';

export type AgentCall = ControlRequest['call'];

/** Which way it was called, and how it is. */
export function answerInWords(call: AgentCall, answer: ControlAnswer): string {
  const way =
    answer.address === undefined
      ? 'Called over its own connection'
      : `Called at ${answer.address}, since it is not connected`;
  return `${way}. ${done(call, answer)}${connection(answer)}`;
}

function done(call: AgentCall, answer: ControlAnswer): string {
  switch (call) {
    case 'stop':
      return 'It records nothing until recording goes on, or its service is started again.';
    case 'restart':
      return 'It ends what it records and begins anew.';
    case 'collect':
      return `It sends what waits: ${waiting(answer)}.`;
    default: {
      const sessions = answer.sessions_recorded === 1 ? 'session' : 'sessions';
      return answer.stopped_since_us === undefined
        ? `It records ${answer.sessions_recorded} ${sessions}; ${waiting(answer)} wait.`
        : `Recording is stopped; ${waiting(answer)} wait.`;
    }
  }
}

function waiting({ entries_waiting, segments_waiting }: ControlAnswer): string {
  return `${entries_waiting.toLocaleString('en')} records and ${segments_waiting} segments`;
}

function connection({ is_connected, connection, problem }: ControlAnswer): string {
  if (is_connected) return '';
  return ` It is not connected to the server: ${problem ?? connection}.`;
}
