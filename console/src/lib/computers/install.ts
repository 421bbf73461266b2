/** The exact lines that install the agent on a computer and connect it with a token. */

export type InstallSystem = 'windows' | 'debian' | 'installed';

export interface InstallParts {
  /** The server for agents: `host` or `host:port`, an IPv6 address in brackets. */
  server: string;
  token: string;
  /** Of the packages. */
  version: string;
}

export const AGENTS_PORT = 9004;

export const SYSTEMS: { system: InstallSystem; name: string; where: string }[] = [
  {
    system: 'windows',
    name: 'Windows, with the MSI',
    where: "At an administrator's prompt, in the folder with the package:",
  },
  {
    system: 'debian',
    name: 'Debian or Ubuntu, with the package',
    where: 'In a shell, in the folder with the package:',
  },
  {
    system: 'installed',
    name: 'The agent is installed already',
    where: "In a shell, or at an administrator's prompt without `sudo`:",
  },
];

/** The line for a system; nothing if the server is not written as one. */
export function installLine(system: InstallSystem, parts: InstallParts): string | undefined {
  const server = splitServer(parts.server);
  if (server === undefined) return undefined;
  const { host, port } = server;
  const { token } = parts;
  switch (system) {
    case 'windows': {
      // The revision of a Debian package is none of Windows'.
      const version = parts.version.split('-')[0];
      const said = port === AGENTS_PORT ? '' : ` PORT=${port}`;
      return (
        `msiexec /i eidetic-agent-${version}-x64.msi /qn /norestart /l*v eidetic-agent.log ` +
        `SERVER=${host}${said} TOKEN=${token}`
      );
    }
    case 'debian': {
      const answers = [`server string ${host}`, `port string ${port}`, `token password ${token}`]
        .map((answer) => `'eidetic-agent eidetic-agent/${answer}'`)
        .join(' ');
      return (
        `printf '%s\\n' ${answers} | sudo debconf-set-selections && ` +
        `sudo DEBIAN_FRONTEND=noninteractive apt-get install -y ` +
        `./eidetic-agent_${parts.version}_amd64.deb`
      );
    }
    case 'installed': {
      const address = host.includes(':') ? `[${host}]` : host;
      return `sudo eidetic-agent enrol --server ${address}:${port} --token ${token}`;
    }
  }
}

function splitServer(text: string): { host: string; port: number } | undefined {
  const found = /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/.exec(text.trim());
  const host = found?.[1] ?? found?.[2];
  if (found === null || host === undefined) return undefined;
  const port = found[3] === undefined ? AGENTS_PORT : Number(found[3]);
  return port >= 1 && port <= 65_535 ? { host, port } : undefined;
}
