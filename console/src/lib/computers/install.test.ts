import { describe, expect, test } from 'vitest';
import { installLine } from './install';

const parts = { server: 'eidetic.example', token: 'eidetic1.AbC-_', version: '0.2.0-1' };

describe('the line that installs the agent', () => {
  test('on Windows gives the MSI its properties', () => {
    expect(installLine('windows', parts)).toBe(
      'msiexec /i eidetic-agent-0.2.0-x64.msi /qn /norestart /l*v eidetic-agent.log ' +
        'SERVER=eidetic.example TOKEN=eidetic1.AbC-_',
    );
    expect(installLine('windows', { ...parts, server: 'eidetic.example:19004' })).toContain(
      'SERVER=eidetic.example PORT=19004 TOKEN=',
    );
  });

  test('on Debian answers what the package asks, and installs it', () => {
    expect(installLine('debian', parts)).toBe(
      "printf '%s\\n' 'eidetic-agent eidetic-agent/server string eidetic.example' " +
        "'eidetic-agent eidetic-agent/port string 9004' " +
        "'eidetic-agent eidetic-agent/token password eidetic1.AbC-_' " +
        '| sudo debconf-set-selections && sudo DEBIAN_FRONTEND=noninteractive ' +
        'apt-get install -y ./eidetic-agent_0.2.0-1_amd64.deb',
    );
  });

  test('where the agent is, enrols it', () => {
    expect(installLine('installed', { ...parts, server: '[2001:db8::1]:9004' })).toBe(
      'sudo eidetic-agent enrol --server [2001:db8::1]:9004 --token eidetic1.AbC-_',
    );
  });

  test('is none for what is no server: nothing strange gets into a shell', () => {
    for (const server of ['', 'a b', "x'; rm -rf /", 'host:0', 'host:70000', 'a&b']) {
      expect(installLine('debian', { ...parts, server })).toBeUndefined();
    }
  });
});
