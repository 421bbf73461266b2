/**
 * A stand-in for the server with made-up data, for working on the console alone.
 *
 *   node tests/mock-server.mjs [PORT] [SEGMENT.eid]
 *
 * Serves `build/` under the server's content security policy, and the API from memory. SEGMENT is
 * the video of every session: `eidetic frames encode` makes one. The only password is "mock".
 */

import { createServer } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { crc32 } from 'node:zlib';

const port = Number(process.argv[2] ?? 8123);
const BUILD = join(import.meta.dirname, '..', 'build');
const START = (Math.floor(Date.now() / 1000) - 7200) * 1e6;
const RECORDS = 12_000;

const segment = process.argv[3] ? await readSegment(process.argv[3]) : undefined;
const videoUs = segment ? segment.untilUs : 300e6;
let signedIn = process.env.MOCK_SIGNED_IN === '1';

const applications = [
  ['/usr/bin/xterm', 'XTerm'],
  ['/usr/lib/chromium/chromium', 'Chromium'],
  ['/usr/bin/mousepad', 'Mousepad'],
  ['/usr/bin/libreoffice', 'LibreOffice Calc'],
  ['/usr/bin/pcmanfm', 'Files'],
  ['C:\\Program Files\\Payroll\\payroll.exe', ''],
];
const titles = [
  'root@rds01: ~ — journalctl -fu payroll.service',
  'Payroll 2026-11 – Gehälter (vertraulich).xlsx — LibreOffice Calc',
  '日本語のとても長いウィンドウタイトルです：給与計算システム 2026年11月分の確認と承認 — 人事部 共有フォルダ',
  'Inbox (1,204) - ada.lovelace@contoso.example - A very long subject line that goes on and on about quarterly numbers and does not stop where a sensible subject would',
  'مستند جديد - محرر النصوص',
  '🧾 invoice_\u202e2026.pdf',
  '',
  '~/notes.txt - Mousepad',
  'Grafana – Überblick 🚀🚀🚀',
];
const users = [
  'CONTOSO\\ada',
  'CONTOSO\\grace',
  'CONTOSO\\linus.torvalds-with-a-long-name',
  'root',
];
const places = ['rds01.contoso.example', 'jump-host-2', 'WS-0042'];

function record(index, sessionId, whenUs, withVideo) {
  const [path, description] = applications[Math.floor(index / 3) % applications.length];
  const isEvent = index % 41 === 0;
  const elevated = index % 17 === 0;
  return {
    id: `r${index}`,
    session_id: sessionId,
    when_us: whenUs,
    who: users[index % 23 === 0 ? 2 : index % 3 === 0 ? 1 : 0],
    action: isEvent ? 'Session start' : 'Activated',
    object_type: isEvent ? 'User session' : elevated ? 'Elevated Window' : 'Window',
    what: isEvent ? 'Unlock' : titles[index % titles.length],
    where: places[index % places.length],
    workstation: index % 2 ? 'laptop-7' : null,
    details: elevated ? ['Application Run As: root'] : [],
    application: isEvent ? null : { path, description },
    coalesced: index % 50 === 7 ? 37 : 0,
    moment: withVideo && !isEvent ? { display: 0, time_us: whenUs } : null,
  };
}

const allRecords = Array.from({ length: RECORDS }, (_, index) =>
  record(index, `session-${1 + (index % 9)}`, START + 7e9 - index * 1.7e6, index % 4 !== 3),
);

function summary(index) {
  const running = index === 0;
  const start = START - index * 5e9;
  return {
    id: `session-${index}`,
    who: users[index % users.length],
    where: places[index % places.length],
    workstation: index % 2 ? 'laptop-7' : null,
    remote: index % 2 === 1,
    display_name: index % 2 ? 'RDP 3' : ':0',
    start_us: running ? liveStart : start,
    end_us: running ? null : start + videoUs * 2.2,
    last_known_us: running ? Date.now() * 1000 : start + videoUs * 2.2,
    active_us: 240e6 + index * 1e6,
    idle_us: 45e6,
    applications: applications.slice(0, 1 + (index % 6)).map(([path, name]) => name || path),
    activities: 120 + index,
    segment_bytes: segment?.bytes.length ?? 0,
    has_video: index !== 3 && segment !== undefined,
  };
}

const liveStart = Date.now() * 1000 - 120e6;

function segmentOf(index, part, start, display = 0) {
  return {
    id: `${index}.${part}`,
    display,
    start_us: start,
    until_us: start + videoUs,
    width: segment.width,
    height: segment.height,
    left: display * segment.width,
    top: 0,
    bytes: segment.bytes.length,
    state: 'sealed',
    lost_reason: null,
    sha256: null,
    key_frames: segment.keys.map(({ timeUs, offset }) => ({ time_us: start + timeUs, offset })),
  };
}

/** What of the running session has been recorded by now. */
function growing(elapsedUs) {
  const whole = segmentOf(0, 0, liveStart);
  const bytes = Math.max(1024, Math.floor(whole.bytes * Math.min(1, elapsedUs / videoUs)));
  const keys = whole.key_frames.filter(({ offset }) => offset < bytes);
  return {
    ...whole,
    bytes,
    until_us: liveStart + elapsedUs,
    state: 'growing',
    key_frames: keys,
  };
}

function detail(index) {
  const head = summary(index);
  const start = head.start_us;
  const segments = [];
  if (head.has_video && index === 0) segments.push(growing(Date.now() * 1000 - liveStart));
  else if (head.has_video) {
    segments.push(segmentOf(index, 0, start));
    if (index === 2) segments.push(segmentOf(index, 2, start, 1));
    segments.push({
      ...segmentOf(index, 3, start + videoUs),
      state: 'lost',
      lost_reason: 'the disk of the computer was full',
      until_us: start + videoUs + 40e6,
      key_frames: [],
      bytes: 0,
    });
    segments.push(segmentOf(index, 1, start + videoUs * 1.2));
  }
  const shape = { left: 0, top: 0, width: segment?.width ?? 1280, height: segment?.height ?? 800 };
  const displays = head.has_video ? [{ index: 0, ...shape }] : [];
  if (index === 2) displays.push({ ...displays[0], index: 1, left: shape.width });
  return {
    ...head,
    displays,
    segments,
    idle: [
      { from_us: start + 60e6, until_us: start + 95e6 },
      { from_us: start + videoUs * 1.5, until_us: start + videoUs * 1.6 },
    ],
    events: [
      { when_us: start, what: 'Monitoring start', action: 'Session start' },
      { when_us: start + 150e6, what: 'Lock', action: 'Session end' },
      { when_us: start + 165e6, what: 'Unlock', action: 'Session start' },
    ],
  };
}

function activities(index) {
  const { start_us, has_video } = summary(index);
  const untilUs = index === 0 ? Date.now() * 1000 - start_us : videoUs * 2.2;
  const list = [];
  for (let n = 0, at = 0; at < untilUs; n += 1, at += 1e6 + ((n * 7919) % 9) * 0.9e6) {
    if (at > 60e6 && at < 95e6) continue;
    list.push({ ...record(n + 1, `session-${index}`, start_us + at, has_video), id: `a${n}` });
  }
  return list;
}

const collecting = [{ name: 'Linux servers', user: 'deploy', kind: 'ssh_key' }];
const known = [
  {
    computer: 'web-1:22',
    algorithm: 'ssh-ed25519',
    fingerprint: 'SHA256:5J+w4E2bp8FQc9w2Nybjt9xllGblKUp4FVfE965rRWA',
  },
];
const job = (computer, rest) => ({
  id: `job-${computer}`,
  computer,
  port: 22,
  account: 'Linux servers',
  action: 'install',
  asked_by: 'administrator',
  created_us: Date.now() * 1000,
  state: 'running',
  attempts: 1,
  steps: [
    { at_us: 0, text: 'connecting' },
    { at_us: 0, text: 'signing in' },
    { at_us: 0, text: 'copying the package', percent: 40 },
  ],
  ...rest,
});
const jobs = [
  job('rds-1', {
    system: 'windows',
    port: 445,
    steps: [{ at_us: 0, text: 'copying the package', percent: 72 }],
  }),
  job('web-2', {
    state: 'failed',
    code: 'disk_full',
    message: 'the disk of the computer is full: /tmp has 2 MiB free, and 36 MiB are needed',
  }),
];

const routes = [
  [
    'POST',
    /^\/sign-in$/,
    ({ body }) => {
      if (body.password !== 'mock') return problem(401, 'Wrong user name or password');
      signedIn = true;
      return [200, { user_name: body.user_name, must_change_password: false }];
    },
  ],
  ['POST', /^\/sign-out$/, () => ((signedIn = false), [204])],
  [
    'GET',
    /^\/account$/,
    () =>
      signedIn
        ? [200, { user_name: 'administrator', must_change_password: false }]
        : problem(401, 'Not signed in'),
  ],
  ['POST', /^\/account\/password$/, () => [204]],
  [
    'POST',
    /^\/search$/,
    ({ body }) => {
      if (body.free_text[0] === 'fail')
        return problem(503, 'The audit database is being repaired.');
      const from = Number(body.after ?? 0);
      const wanted = allRecords.filter((one) => matches(one, body));
      const records = wanted.slice(from, from + body.limit);
      const next = from + body.limit < wanted.length ? String(from + body.limit) : null;
      return [200, { records, next }];
    },
  ],
  [
    'GET',
    /^\/sessions$/,
    ({ query }) => {
      const from = Number(query.get('after') ?? 0);
      const sessions = Array.from({ length: 40 }, (_, n) => summary(from + n));
      return [200, { sessions, next: from < 120 ? String(from + 40) : null }];
    },
  ],
  ['GET', /^\/sessions\/session-(\d+)$/, ({ match }) => [200, detail(Number(match[1]))]],
  [
    'GET',
    /^\/sessions\/session-(\d+)\/activities$/,
    ({ match, query }) => {
      const all = activities(Number(match[1]));
      const after = query.get('after');
      const from = after ? all.findIndex(({ id }) => id === after) + 1 : 0;
      const records = all.slice(from, from + 100);
      return [200, { records, next: from + 100 < all.length ? records.at(-1).id : null }];
    },
  ],
  ['GET', /^\/plans$/, () => [200, listed()]],
  [
    'POST',
    /^\/plans$/,
    ({ body }) => {
      const refusal = refused(body, '');
      if (refusal !== undefined) return refusal;
      bookRevision += 1;
      const plan = { ...body, id: `plan-${bookRevision}`, revision: bookRevision };
      plans.splice(plans.length - 1, 0, plan);
      return [200, detailed(plan)];
    },
  ],
  [
    'POST',
    /^\/plans\/check$/,
    ({ body }) => {
      const refusal = refused(body.plan, 'plan.');
      if (refusal !== undefined) return refusal;
      const computers = body.plan.items.slice(0, 2).map((_, index) => ({
        name: places[index],
        plan_now: index === 0 ? plans[0].name : 'Default plan',
        plan_then: index === 0 ? plans[0].name : body.plan.name,
      }));
      return [200, { items: body.plan.items.map((_, index) => index), computers }];
    },
  ],
  [
    'PUT',
    /^\/plans\/order$/,
    ({ body }) => {
      const last = plans.at(-1);
      plans = [...body.plans.map((id) => plans.find((plan) => plan.id === id)), last];
      bookRevision += 1;
      return [200, listed()];
    },
  ],
  [
    'POST',
    /^\/plans\/resolve$/,
    () => {
      isConflict = false;
      bookRevision += 1;
      return [200, listed()];
    },
  ],
  ['GET', /^\/plans\/([\w-]+)$/, ({ match }) => found(match[1], (plan) => [200, detailed(plan)])],
  [
    'PUT',
    /^\/plans\/([\w-]+)$/,
    ({ match, body }) =>
      found(match[1], (plan) => {
        const refusal = refused(body, '');
        if (refusal !== undefined) return refusal;
        bookRevision += 1;
        Object.assign(plan, body, { revision: bookRevision });
        return [200, detailed(plan)];
      }),
  ],
  [
    'DELETE',
    /^\/plans\/([\w-]+)$/,
    ({ match }) => {
      plans = plans.filter(({ id }) => id !== match[1]);
      bookRevision += 1;
      return [204];
    },
  ],
  [
    'GET',
    /^\/computers$/,
    () => [200, { computers: process.env.MOCK_EMPTY ? [] : computers(), statuses: STATUSES }],
  ],
  [
    'GET',
    /^\/computers\/agent-(\d+)$/,
    ({ match }) => [200, computerDetail(computers()[Number(match[1])])],
  ],
  ['POST', /^\/computers\/agent-(\d+)\/resolve-duplicate$/, () => [204]],
  [
    'POST',
    /^\/computers\/agent-(\d+)\/control$/,
    ({ match, body }) => {
      const { name } = computers()[Number(match[1])];
      const stopped = body.call === 'stop' ? { stopped_since_us: Date.now() * 1000 } : {};
      const answer = {
        way: 'stream',
        at_us: Date.now() * 1000,
        agent_version: '0.1.0',
        computer_name: name,
        connection: 'connected',
        sessions_recorded: 1,
        spool_bytes: 0,
        entries_waiting: 0,
        segments_waiting: 0,
        is_connected: true,
        ...stopped,
      };
      return [200, answer];
    },
  ],
  ['GET', /^\/campaigns$/, () => [200, { campaigns: [], older: [], without_plan: [] }]],
  ['POST', /^\/computers\/agent-(\d+)\/new-identity$/, () => [204]],
  ['GET', /^\/dashboard$/, () => [200, dashboard()]],
  ['GET', /^\/mail$/, () => [200, mail]],
  ['PUT', /^\/mail$/, ({ body }) => [200, Object.assign(mail, { settings: body.settings })]],
  ['POST', /^\/mail\/test$/, () => [200, REFUSED_MAIL]],
  [
    'GET',
    /^\/health-log$/,
    ({ query }) => {
      const wanted = (query.get('severity') ?? '').split(',').filter((one) => one !== '');
      const events = healthEvents.filter(
        ({ severity, computer }) =>
          (wanted.length === 0 || wanted.includes(severity)) &&
          computer.includes(query.get('computer') ?? ''),
      );
      return [200, paged('events', events, query)];
    },
  ],
  ['GET', /^\/viewings$/, ({ query }) => [200, paged('viewings', viewings, query)]],
  ['GET', /^\/accounts$/, () => [200, { accounts: collecting }]],
  [
    'POST',
    /^\/accounts$/,
    ({ body }) => {
      const kind = body.private_key === undefined ? 'password' : 'ssh_key';
      collecting.push({ name: body.name, user: body.user, kind });
      return [204];
    },
  ],
  ['GET', /^\/directories$/, () => [200, { directories: [] }]],
  ['GET', /^\/computers\/agent-(\d+)\/adjustments$/, () => [200, { adjustments: [] }]],
  ['GET', /^\/deployments$/, () => [200, { deployments: jobs }]],
  [
    'POST',
    /^\/deployments$/,
    ({ body }) => {
      for (const computer of body.computers) jobs.unshift(job(computer, body));
      return [200, { deployments: jobs }];
    },
  ],
  ['GET', /^\/ssh-host-keys$/, () => [200, { computers: known }]],
  [
    'POST',
    /^\/enrolment-tokens$/,
    ({ body }) => [
      200,
      {
        token: 'K7QF-9X2M-PLM4-0000-AB3D-77QZ',
        expires_us: Date.now() * 1000 + 864e8,
        computer: body.computer,
        package_version: '0.1.0',
      },
    ],
  ],
];

const settings = {
  monitor: true,
  users: { only_listed: false, listed: [], except: [] },
  record_screen: true,
  applications: { only_listed: false, listed: [], except: [], only_their_windows: false },
  stop_after_minutes: 0,
  stop_when_idle_minutes: 0,
  stop_below_free_bytes: 0,
  quality: 'high',
  grayscale: false,
  max_frames_per_second: 4,
  max_cpu_percent: 5,
  idle_after_secs: 300,
  max_titles_per_second: 4,
  spool_max_bytes: 2 ** 31,
  spool_min_free_bytes: 2 ** 30,
  video_retention_days: 7,
  record_retention_days: 180,
  prerequisites: 'report',
  notify_users: true,
  notify_text: 'Activity on this computer is monitored and may be recorded.',
  notify_closes_after_secs: 60,
};

let bookRevision = 7;
let isConflict = process.env.MOCK_EMPTY === undefined;
let plans = [
  {
    id: 'plan-jump',
    revision: 5,
    name: 'Jump hosts',
    description: 'Where administrators and contractors come in',
    items: [
      { kind: 'computer', computer: 'rds01.corp.example' },
      { kind: 'computer', computer: '2001:db8::4' },
      {
        kind: 'ip_range',
        from: '10.0.0.0',
        to: '10.0.0.63',
        exclude: [{ from: '10.0.0.1', to: '10.0.0.3' }],
      },
      { kind: 'computer', computer: 'JUMP02' },
    ],
    settings: {
      ...settings,
      users: {
        only_listed: false,
        listed: [],
        except: [{ user: 'svc-*' }, { group: 'Backup Operators' }],
      },
    },
  },
  {
    id: 'plan-finance',
    revision: 7,
    name: 'Finance',
    description: '',
    items: [{ kind: 'ip_range', from: '10.0.0.4', to: '10.0.0.9', exclude: [] }],
    settings: {
      ...settings,
      quality: 'medium',
      stop_when_idle_minutes: 10,
      applications: {
        only_listed: true,
        listed: [
          { title: '*payroll*', description: '' },
          { title: '', description: 'SAP*' },
        ],
        except: [{ title: '*bank*', description: '' }],
      },
    },
  },
  {
    id: '00000000-0000-0000-0000-000000000000',
    revision: 1,
    name: 'Default plan',
    description: '',
    items: [],
    settings: { ...settings, record_screen: false },
  },
];
if (process.env.MOCK_EMPTY) plans = plans.slice(-1);

function listed() {
  const explanation =
    'RDS01 is named by 2 plans: "Jump hosts" (computer rds01.corp.example), "Finance" (addresses ' +
    '10.0.0.4 – 10.0.0.9). The first of them in the order counts, so it follows "Jump hosts".';
  const naming = plans.slice(0, 2).map(({ id, name }) => ({ id, name, items: [] }));
  const conflict = { agent_id: 'agent-0', computer: 'RDS01', plans: naming, explanation };
  return {
    revision: bookRevision,
    plans: plans.map(detailed),
    conflicts: isConflict ? [conflict] : [],
  };
}

function detailed(plan) {
  const index = plans.indexOf(plan);
  return {
    ...plan,
    settings_revision: plan.revision,
    is_default: plan === plans.at(-1),
    items: plan.items.map((item, at) => ({ ...item, computers: (at + 1) % 3 })),
    state: [
      { computers: 12, connected: 11, applied: 11, with_unmet: 1, with_gaps: 2 },
      { computers: 4, connected: 4, applied: 3, with_unmet: 0, with_gaps: 0 },
    ][index] ?? { computers: 1, connected: 0, applied: 0, with_unmet: 0, with_gaps: 0 },
  };
}

function found(id, answer) {
  const plan = plans.find((plan) => plan.id === id);
  return plan === undefined ? problem(404, 'there is no such plan') : answer(plan);
}

/** What only the server finds, to see what that looks like. */
function refused(plan, before) {
  const errors = [];
  if (plan.name === 'Taken') errors.push(['name', 'another plan is called so']);
  plan.items.forEach((item, index) => {
    if (item.computer === '')
      errors.push([`items[${index}].computer`, '"" is no name of a computer']);
  });
  if (plan.settings.max_titles_per_second === 99)
    errors.push(['settings.max_titles_per_second', 'is 99, which this server does not like']);
  if (plan.settings.max_titles_per_second === 98) return problem(503, 'The disk is full.');
  if (errors.length === 0) return undefined;
  const [status, refusal, type] = problem(422, 'The request is not valid.');
  const fields = errors.map(([field, message]) => ({ field: before + field, message }));
  return [status, { ...refusal, errors: fields }, type];
}

const STATUSES = [
  ['duplicate', 'Duplicate', 'Two computers connect with the identity of this one.'],
  ['not_responding', 'Not responding', 'Nothing has been heard of its agent for a while.'],
  ['paused', 'Paused', 'Nothing is recorded: its plan says so, or an administrator stopped it.'],
  ['enrolled', 'Enrolled', 'It has a certificate, and its agent has not said anything yet.'],
  ['recording', 'Recording', 'At least one session is being recorded.'],
  ['idle', 'Idle', 'Its agent is connected, and there is no session that its plan asks for.'],
  ['removed', 'Removed', 'An administrator removed it: its agent may not connect any more.'],
].map(([status, word, explanation]) => ({
  status,
  word,
  explanation,
  advice: status === 'recording' || status === 'idle' ? '' : "See that the agent's service runs.",
}));

const CONCERNS = {
  not_responding: ['not_responding', 'warning', 'Agent not responding'],
  duplicate: ['duplicate', 'error', 'Duplicate identity'],
  clock: ['clock', 'warning', 'Clock off'],
  spool: ['spool_full', 'error', 'Spool full'],
  unmet: ['prerequisites_unmet', 'warning', 'Prerequisites unmet'],
};

/** What the matter is, and what to do. */
const EXPLAINED = {
  not_responding: [
    'Nothing has been heard of its agent for 3 hours.',
    "See that the computer is on and that the agent's service runs.",
  ],
  duplicate: [
    'Two computers connect with the identity of this one, as when its disk was copied.',
    'Give the second one a new identity here.',
  ],
  clock: [
    "Its clock is 62 seconds behind the server's.",
    'Have the computer and the server follow the same time server: times in records are those of the computer.',
  ],
  spool_full: [
    'The spool is full (2.0 GiB): activity is recorded, the screen is not.',
    'See that the agent reaches the server fast enough, or give the spool more room in the plan.',
  ],
  prerequisites_unmet: [
    'Something that its agent needs is not as it has to be.',
    'See under Prerequisites what it is, and how to mend it; a plan can have its agents mend what can be mended safely.',
  ],
};

/** MOCK_COMPUTERS of them; a hundred if that is not said. */
function computers() {
  const count = Number(process.env.MOCK_COMPUTERS ?? 100);
  return Array.from({ length: count }, (_, index) => {
    const name = places[index] ?? `ws-${String(index).padStart(5, '0')}.contoso.example`;
    const status =
      index === 1 ? 'duplicate' : STATUSES[[4, 4, 5, 4, 5, 1, 4, 5, 2, 4, 3, 6][index % 12]].status;
    const is_connected = !['not_responding', 'removed'].includes(status);
    const own = CONCERNS[status] ? [CONCERNS[status]] : [];
    if (index % 9 === 3 && is_connected) own.push(CONCERNS.clock, CONCERNS.unmet);
    if (index === 4) own.unshift(CONCERNS.spool);
    return {
      agent_id: `agent-${index}`,
      name,
      status,
      is_connected,
      concerns: own.map(([kind, severity, title]) => ({ kind, severity, title })),
      last_seen_us: Date.now() * 1000 - (is_connected ? 2e6 : index * 9e9),
      enrolled_us: START,
      agent_version: '0.1.0',
      operating_system: 'Debian GNU/Linux 12 (bookworm)',
      address: `10.0.${index >> 8}.${index & 255}`,
      sessions_recorded: status === 'recording' ? 1 + (index % 3) : 0,
      sessions_slowed: index === 0 ? 1 : 0,
      spool_bytes: (index % 5) * 48e6,
      entries_waiting: (index % 5) * 371,
      segments_waiting: index % 5,
      cpu_percent: is_connected ? ((index * 37) % 60) / 10 : undefined,
      memory_bytes: 2e7 + index * 1e5,
      clock_ahead_us: index % 9 === 3 ? -62e6 : 12e4,
      disk_free_bytes: 48e9,
      budget: status === 'recording' ? (index === 0 ? 'kept_by_slowing' : 'kept') : undefined,
      plan:
        status === 'removed'
          ? undefined
          : {
              id: `plan-${index % 3}`,
              name: ['Default plan', 'Jump hosts', 'Office'][index % 3],
              settings_revision: 4,
              applied_revision: index % 13 ? 4 : 3,
              is_applied: index % 13 !== 0,
              conflict: index === 0 ? listed().conflicts[0] : undefined,
            },
    };
  });
}

function computerDetail(computer) {
  const meaning = STATUSES.find(({ status }) => status === computer.status);
  return {
    ...computer,
    meaning,
    concerns_explained: computer.concerns.map((concern) => ({
      ...concern,
      explanation: EXPLAINED[concern.kind][0],
      advice: EXPLAINED[concern.kind][1],
    })),
    names: [computer.name, computer.name.split('.')[0]],
    addresses: [computer.address, '2001:db8::17'],
    connected_since_us: computer.is_connected ? START : undefined,
    said_us: Date.now() * 1000,
    checks: {
      checked_us: Date.now() * 1000 - 12e6,
      unmet: computer.concerns.some(({ kind }) => kind === 'prerequisites_unmet')
        ? [
            {
              id: 'clock-in-step',
              title: "The clock goes with the server's",
              found: "62 seconds behind the server's",
              meaning:
                'Times in records are those of the computer: what happened where, and in which order, is seen from them.',
              needed_for: 'always',
              by_hand: ['timedatectl set-ntp true', 'timedatectl timesync-status'],
              can_be_mended: true,
              since_us: START,
            },
          ]
        : [],
    },
    duplicate:
      computer.status === 'duplicate'
        ? { first: `${computer.name} at 10.0.0.5`, second: `${computer.name} at 10.0.0.77` }
        : undefined,
  };
}

const DAY_US = 864e8;

const mail = {
  settings: {
    daily: true,
    hour_utc: 6,
    host: 'mail.contoso.example',
    port: 587,
    security: 'start_tls',
    user: 'eidetic',
    sender: 'Eidetic <eidetic@contoso.example>',
    recipients: ['ada.lovelace@contoso.example'],
    trusted_certificates: '',
    console_url: 'https://eidetic.contoso.example:9443',
  },
  has_password: true,
  last_sent_us: START - 3600e6,
  next_us: START + 20 * 3600e6,
};

const REFUSED_MAIL = {
  is_sent: false,
  refused: [],
  problem: {
    stage: 'sign_in',
    problem: 'the mail server did not let the user in: 535 5.7.8 authentication failed',
    advice: 'See that user and password are right.',
  },
};

function dashboard() {
  const today = Math.floor((Date.now() * 1000) / DAY_US) * DAY_US;
  const days = Array.from({ length: 14 }, (_, index) => today - (13 - index) * DAY_US);
  const all = computers().filter(({ status }) => status !== 'removed');
  const worst = ({ concerns }) => concerns[0]?.severity;
  return {
    records: days.map((day_us, index) => ({
      day_us,
      records: index % 7 > 4 ? 900 + index : 24_000 + ((index * 7919) % 9_000),
    })),
    computers: {
      all: all.length,
      ready: all.filter((one) => worst(one) === undefined).length,
      pay_attention: all.filter((one) => worst(one) === 'warning').length,
      take_action: all.filter((one) => worst(one) === 'error').length,
      by_status: STATUSES.map(({ status, word }) => ({
        status,
        word,
        computers: all.filter((one) => one.status === status).length,
      })).filter(({ computers: count }) => count > 0),
    },
    health: {
      information: 41,
      warning: 7,
      error: 2,
      latest: healthEvents.filter(({ severity }) => severity !== 'information').slice(0, 8),
    },
    storage: {
      records: 4_812_330,
      audit_bytes: 1.1e9,
      segment_bytes: 38.4e9,
      free_bytes: 210e9,
      growth_bytes_per_day: 2.9e9,
      full_in_days: 72.4,
      days: days.map((day_us, index) => ({
        day_us,
        audit_bytes: 0.7e9 + index * 3e7,
        segment_bytes: 5e9 + index * 2.6e9,
      })),
    },
  };
}

const healthEvents = Array.from({ length: 240 }, (_, index) => {
  const [kind, severity, title, text] = [
    ['responds', 'information', 'Agent responds', 'Its agent is heard of again.'],
    [
      'not_responding',
      'warning',
      'Agent not responding',
      'Nothing has been heard of its agent for 76 seconds.',
    ],
    [
      'plan_changed',
      'information',
      'Plan changed',
      'administrator changed plan: Office: quality high to low.',
    ],
    ['gap', 'error', 'Gap in a recording', 'A recording has a gap: Spool full.'],
    ['clock', 'warning', 'Clock off', "Its clock is 62 seconds behind the server's."],
  ][index % 5];
  const place = index % 7;
  return {
    id: `h${index}`,
    when_us: Date.now() * 1000 - index * 900e6,
    kind,
    severity,
    title,
    text,
    agent_id: kind === 'plan_changed' ? undefined : `agent-${place}`,
    computer: kind === 'plan_changed' ? '' : (places[place] ?? `ws-0000${place}.contoso.example`),
    plan: 'Office',
    before: kind === 'plan_changed' ? 'settings.quality: high' : '',
    after: kind === 'plan_changed' ? 'settings.quality: low' : '',
  };
});

const viewings = Array.from({ length: 150 }, (_, index) => ({
  id: `v${index}`,
  when_us: Date.now() * 1000 - index * 700e6,
  user: ['administrator', 'grace'][index % 2],
  address: '10.0.0.9',
  what: ['watched session', 'searched', 'changed plan', 'signed in'][index % 4],
  object: [
    '0193a3c2-7d1e-7abc-8def-000000000001',
    'what contains payroll',
    'Office: quality high to low',
    '',
  ][index % 4],
  before: index % 4 === 2 ? 'settings.quality: high' : '',
  after: index % 4 === 2 ? 'settings.quality: low' : '',
  looked_from_us: index % 4 === 0 ? START : undefined,
  looked_until_us: index % 4 === 0 ? START + 300e6 : undefined,
  looked_last_us: index % 4 === 0 ? Date.now() * 1000 - index * 700e6 + 240e6 : undefined,
}));

/** A page of a list, after the item that `after` names. */
function paged(name, all, query) {
  const from = all.findIndex(({ id }) => id === query.get('after')) + 1;
  const items = all.slice(from, from + Number(query.get('limit') ?? 100));
  return { [name]: items, next: from + items.length < all.length ? items.at(-1).id : undefined };
}

function matches(one, { conditions, free_text }) {
  const text = (value) => String(value ?? '').toLowerCase();
  const everything = text(JSON.stringify(one));
  if (!free_text.every((word) => everything.includes(text(JSON.stringify(word).slice(1, -1)))))
    return false;
  return conditions.every(({ field, operator, value }) => {
    const found =
      field === 'application'
        ? text(one.application?.description)
        : text(one[field] ?? one.session_id);
    const negative = operator === 'not_equal_to' || operator === 'does_not_contain';
    const hit = operator.includes('equal') ? found === text(value) : found.includes(text(value));
    return hit !== negative;
  });
}

function problem(status, detail) {
  return [
    status,
    { type: 'about:blank', title: 'Problem', status, detail },
    'application/problem+json',
  ];
}

const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
};
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

createServer(async (request, response) => {
  const url = new URL(request.url, `http://localhost:${port}`);
  if (!url.pathname.startsWith('/api/v1')) return sendFile(url.pathname, response);
  const path = url.pathname.slice('/api/v1'.length);
  if (!signedIn && !['/sign-in', '/account'].includes(path))
    return send(response, problem(401, 'Not signed in'));
  const data = /^\/segments\/(.+)\/data$/.exec(path);
  if (data) return sendSegment(data[1], request, response);
  if (/^\/sessions\/session-0\/live$/.test(path)) return sendLive(request, response);
  for (const [method, pattern, handle] of routes) {
    const match = method === request.method ? pattern.exec(path) : null;
    if (match === null) continue;
    const body = method !== 'GET' ? JSON.parse((await readAll(request)) || '{}') : undefined;
    await new Promise((done) => setTimeout(done, Number(process.env.MOCK_DELAY_MS ?? 60)));
    return send(response, handle({ match, body, query: url.searchParams }));
  }
  send(response, problem(404, 'There is nothing here.'));
}).listen(port, () => console.log(`http://localhost:${port}`));

function send(response, [status, body, type = 'application/json']) {
  response.writeHead(status, { 'content-type': type });
  response.end(body === undefined ? undefined : toJson(body));
}

function sendFile(path, response) {
  const wanted = join(BUILD, normalize(path));
  const file = extname(path) !== '' && existsSync(wanted) ? wanted : join(BUILD, 'index.html');
  response.writeHead(200, {
    'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    'content-security-policy': POLICY,
  });
  response.end(readFileSync(file));
}

function sendSegment(id, request, response) {
  const [index, part] = id.split('.').map(Number);
  const { segments } = detail(index);
  const entry = segments.find((one) => one.id === id);
  const bytes = segment.startingAt(entry.start_us);
  const [, from, until] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? 'bytes=0-999999999');
  const chunk = bytes.subarray(Number(from), Number(until) + 1);
  response.writeHead(206, {
    'content-range': `bytes ${from}-${Number(from) + chunk.length - 1}/${bytes.length}`,
    'x-part': part,
  });
  response.end(chunk);
}

function sendLive(request, response) {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let sent = activities(0).length;
  const timer = setInterval(() => {
    const event = (name, value) => response.write(`event: ${name}\ndata: ${toJson(value)}\n\n`);
    event('session', summary(0));
    if (segment) event('segment', growing(Date.now() * 1000 - liveStart));
    const all = activities(0);
    if (all.length > sent) event('activities', { records: all.slice(sent) });
    sent = all.length;
  }, 1000);
  request.on('close', () => clearInterval(timer));
}

/** What is not known is left out, as the server does. */
function toJson(value) {
  return JSON.stringify(value, (_key, part) => (part === null ? undefined : part));
}

async function readAll(stream) {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}

/** Reads the index of a segment with the console's own decoder. */
async function readSegment(file) {
  const bytes = readFileSync(file);
  const wasm = readFileSync(join(import.meta.dirname, '..', 'static', 'decoder.wasm'));
  const { instance } = await WebAssembly.instantiate(wasm);
  const abi = instance.exports;
  const session = abi.eid_new(256 * 1024 * 1024);
  const give = (part) => {
    const at = abi.eid_input(session, part.length);
    new Uint8Array(abi.memory.buffer, at, part.length).set(part);
  };
  give(bytes.subarray(0, 1024));
  abi.eid_open(session);
  give(bytes);
  abi.eid_read_end(session);
  const numbers = new Float64Array(
    abi.memory.buffer,
    abi.eid_index_ptr(session),
    abi.eid_index_len(session),
  );
  const keys = [];
  for (let n = 0; n < numbers.length; n += 2)
    keys.push({ offset: numbers[n], timeUs: numbers[n + 1] });
  return {
    bytes,
    keys,
    untilUs: (keys.at(-1)?.timeUs ?? 0) + 30e6,
    width: bytes.readUInt32LE(16),
    height: bytes.readUInt32LE(20),
    startingAt(startUs) {
      const copy = Buffer.from(bytes);
      const headerBytes = copy.readUInt16LE(12);
      copy.writeBigInt64LE(BigInt(startUs), 24);
      copy.writeUInt32LE(crc32(copy.subarray(0, headerBytes - 4)), headerBytes - 4);
      return copy;
    },
  };
}
