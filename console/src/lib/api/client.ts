/** Calls of the server's API, one function each. */

import { ApiError, errorFromResponse, isAbort } from './problem';
import type {
  Account,
  AccountTest,
  Adjustment,
  Campaign,
  CampaignRequest,
  Campaigns,
  CollectingAccount,
  CollectingAccountRequest,
  ComputerDetail,
  Computers,
  ControlAnswer,
  ControlRequest,
  Dashboard,
  DeploymentJob,
  DeploymentRequest,
  Directory,
  DirectoryContainers,
  DirectoryRequest,
  DirectoryTest,
  EnrolmentToken,
  HealthEvents,
  KnownComputer,
  MailRequest,
  MailShown,
  MailTested,
  Plan,
  PlanCheck,
  PlanDocument,
  Plans,
  SearchPage,
  SearchRequest,
  SessionDetail,
  SessionPage,
  Viewings,
} from './types';

const BASE = '/api/v1';

export function signIn(userName: string, password: string): Promise<Account> {
  return call('POST', '/sign-in', { body: { user_name: userName, password } });
}

export function signOut(): Promise<void> {
  return call('POST', '/sign-out');
}

export function account(signal?: AbortSignal): Promise<Account> {
  return call('GET', '/account', { signal });
}

export function changePassword(currentPassword: string, newPassword: string): Promise<void> {
  return call('POST', '/account/password', {
    body: { current_password: currentPassword, new_password: newPassword },
  });
}

export function search(request: SearchRequest, signal?: AbortSignal): Promise<SearchPage> {
  return call('POST', '/search', { body: request, signal });
}

export function sessions(
  after: string | undefined,
  limit: number,
  signal?: AbortSignal,
): Promise<SessionPage> {
  return call('GET', `/sessions?${pageQuery(after, limit)}`, { signal });
}

export function session(id: string, signal?: AbortSignal): Promise<SessionDetail> {
  return call('GET', `/sessions/${encodeURIComponent(id)}`, { signal });
}

/** A page of what happened in a session, oldest first. */
export function sessionActivities(
  id: string,
  after: string | undefined,
  limit: number,
  signal?: AbortSignal,
): Promise<SearchPage> {
  const path = `/sessions/${encodeURIComponent(id)}/activities?${pageQuery(after, limit)}`;
  return call('GET', path, { signal });
}

export function computers(signal?: AbortSignal): Promise<Computers> {
  return call('GET', '/computers', { signal });
}

export function computer(id: string, signal?: AbortSignal): Promise<ComputerDetail> {
  return call('GET', `/computers/${encodeURIComponent(id)}`, { signal });
}

/** Says that there are not two computers with this identity any more. */
export function resolveDuplicate(id: string): Promise<void> {
  return call('POST', `/computers/${encodeURIComponent(id)}/resolve-duplicate`);
}

/** The second of two computers with one identity becomes a computer of its own. */
export function newIdentity(id: string): Promise<void> {
  return call('POST', `/computers/${encodeURIComponent(id)}/new-identity`);
}

export function dashboard(signal?: AbortSignal): Promise<Dashboard> {
  return call('GET', '/dashboard', { signal });
}

/** A page of what happened to the system, the latest first. */
export function healthLog(query: URLSearchParams, signal?: AbortSignal): Promise<HealthEvents> {
  return call('GET', `/health-log?${query}`, { signal });
}

/** A page of what users looked at and changed, the latest first. */
export function viewings(query: URLSearchParams, signal?: AbortSignal): Promise<Viewings> {
  return call('GET', `/viewings?${query}`, { signal });
}

/** What an agent changed on its computer to meet prerequisites, the latest first. */
export async function adjustments(agentId: string): Promise<Adjustment[]> {
  const path = `/computers/${encodeURIComponent(agentId)}/adjustments`;
  const answer = await call<{ adjustments: Adjustment[] }>('GET', path);
  return answer.adjustments;
}

/** Has an agent look at its computer's prerequisites now. */
export function checkComputer(agentId: string): Promise<void> {
  return call('POST', `/computers/${encodeURIComponent(agentId)}/check`);
}

export function plans(signal?: AbortSignal): Promise<Plans> {
  return call('GET', '/plans', { signal });
}

export function plan(id: string, signal?: AbortSignal): Promise<Plan> {
  return call('GET', planPath(id), { signal });
}

export function makePlan(wanted: PlanDocument): Promise<Plan> {
  return call('POST', '/plans', { body: wanted });
}

/** Replaces the plan that has this revision. */
export function replacePlan(id: string, revision: number, wanted: PlanDocument): Promise<Plan> {
  return call('PUT', planPath(id), { body: wanted, revision });
}

export function removePlan(id: string, revision: number): Promise<void> {
  return call('DELETE', planPath(id), { revision });
}

/** Puts the plans into another order, if their list still has this revision. */
export function orderPlans(revision: number, ids: string[]): Promise<Plans> {
  return call('PUT', '/plans/order', { body: { plans: ids }, revision });
}

/** Sees to it that of all plans only this one names the computer. */
export function resolveConflict(agentId: string, planId: string): Promise<Plans> {
  return call('POST', '/plans/resolve', { body: { agent_id: agentId, plan_id: planId } });
}

/** What a plan would do; fails as storing it would. Fields in the failure begin with `plan.`. */
export function checkPlan(
  wanted: PlanDocument,
  insteadOf: string | undefined,
  signal?: AbortSignal,
): Promise<PlanCheck> {
  return call('POST', '/plans/check', { body: { plan: wanted, instead_of: insteadOf }, signal });
}

/** A token for the computer of this name, or for any. */
export function createEnrolmentToken(
  validForSecs: number,
  computer?: string,
): Promise<EnrolmentToken> {
  return call('POST', '/enrolment-tokens', { body: { valid_for_secs: validForSecs, computer } });
}

/** Calls the agent of a computer. */
export function callAgent(id: string, request: ControlRequest): Promise<ControlAnswer> {
  return call('POST', `/computers/${encodeURIComponent(id)}/control`, { body: request });
}

/** What is done in stages, and the computers for which it could be. */
export function campaigns(signal?: AbortSignal): Promise<Campaigns> {
  return call('GET', '/campaigns', { signal });
}

export function beginCampaign(order: CampaignRequest): Promise<Campaign> {
  return call('POST', '/campaigns', { body: order });
}

export function continueCampaign(id: string, leaveOutFailed: boolean): Promise<Campaign> {
  const body = { leave_out_failed: leaveOutFailed };
  return call('POST', `/campaigns/${encodeURIComponent(id)}/continue`, { body });
}

export function cancelCampaign(id: string): Promise<Campaign> {
  return call('POST', `/campaigns/${encodeURIComponent(id)}/cancel`, { body: {} });
}

/** How the daily mail is sent, and how that goes. */
export function mail(signal?: AbortSignal): Promise<MailShown> {
  return call('GET', '/mail', { signal });
}

export function keepMail(request: MailRequest): Promise<MailShown> {
  return call('PUT', '/mail', { body: request });
}

/** Sends a mail by these settings, which are not kept. */
export function testMail(request: MailRequest): Promise<MailTested> {
  return call('POST', '/mail/test', { body: request });
}

/** With whom the server signs in on other computers. */
export async function collectingAccounts(signal?: AbortSignal): Promise<CollectingAccount[]> {
  const path = '/accounts';
  const answer = await call<{ accounts: CollectingAccount[] }>('GET', path, { signal });
  return answer.accounts;
}

/** Keeps an account, in place of one of that name. */
export function keepAccount(account: CollectingAccountRequest): Promise<void> {
  return call('POST', '/accounts', { body: account });
}

/** Reads the password of a managed account, to see whether that goes. */
export function testAccount(name: string): Promise<AccountTest> {
  return call('POST', '/accounts/test', { body: { name } });
}

/** The directories of which containers can be items of plans. */
export async function directories(signal?: AbortSignal): Promise<Directory[]> {
  const path = '/directories';
  const answer = await call<{ directories: Directory[] }>('GET', path, { signal });
  return answer.directories;
}

/** Keeps a directory, in place of one of that name. */
export function keepDirectory(directory: DirectoryRequest): Promise<void> {
  return call('POST', '/directories', { body: directory });
}

export function testDirectory(directory: DirectoryRequest): Promise<DirectoryTest> {
  return call('POST', '/directories/test', { body: directory });
}

export function removeDirectory(name: string): Promise<void> {
  return call('POST', '/directories/remove', { body: { name } });
}

export function forgetDirectoryCertificate(name: string): Promise<void> {
  return call('POST', '/directories/forget-certificate', { body: { name } });
}

/** Has all directories asked for their computers now. */
export function refreshDirectories(): Promise<void> {
  return call('POST', '/directories/refresh', { body: {} });
}

/** The containers directly in one of a directory, or in its base. */
export function directoryContainers(
  directory: string,
  container: string | undefined,
  signal?: AbortSignal,
): Promise<DirectoryContainers> {
  return call('POST', '/directories/containers', { body: { directory, container }, signal });
}

export function removeAccount(name: string): Promise<void> {
  return call('POST', '/accounts/remove', { body: { name } });
}

/** What is done on other computers, the latest first. */
export async function deployments(signal?: AbortSignal): Promise<DeploymentJob[]> {
  const path = '/deployments';
  const answer = await call<{ deployments: DeploymentJob[] }>('GET', path, { signal });
  return answer.deployments;
}

export function deploy(order: DeploymentRequest): Promise<void> {
  return call('POST', '/deployments', { body: order });
}

export function cancelDeployment(id: string): Promise<DeploymentJob> {
  return call('POST', `/deployments/${encodeURIComponent(id)}/cancel`, { body: {} });
}

/** The computers that were spoken with by SSH, and their keys. */
export async function knownComputers(signal?: AbortSignal): Promise<KnownComputer[]> {
  const path = '/ssh-host-keys';
  const answer = await call<{ computers: KnownComputer[] }>('GET', path, { signal });
  return answer.computers;
}

export function forgetHostKey(computer: string): Promise<void> {
  return call('POST', '/ssh-host-keys/forget', { body: { computer } });
}

export function thumbnailUrl(sessionId: string): string {
  return `${BASE}/sessions/${encodeURIComponent(sessionId)}/thumbnail`;
}

export function segmentDataUrl(segmentId: string): string {
  return `${BASE}/segments/${encodeURIComponent(segmentId)}/data`;
}

/** Where the changes of a running session come from, since the activity with the mark `after`. */
export function liveUrl(sessionId: string, after: string | undefined): string {
  const query = after === undefined ? '' : `?after=${encodeURIComponent(after)}`;
  return `${BASE}/sessions/${encodeURIComponent(sessionId)}/live${query}`;
}

function planPath(id: string): string {
  return `/plans/${encodeURIComponent(id)}`;
}

interface CallOptions {
  body?: unknown;
  /** What a change is made to. */
  revision?: number;
  signal?: AbortSignal;
}

async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (method !== 'GET') headers['x-eidetic-request'] = '1';
  if (options.body !== undefined) headers['content-type'] = 'application/json';
  if (options.revision !== undefined) headers['if-match'] = `"${options.revision}"`;
  let response: Response;
  try {
    response = await fetch(BASE + path, {
      method,
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal,
      credentials: 'same-origin',
    });
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new ApiError('unavailable', 'The server cannot be reached.', 0);
  }
  if (!response.ok) throw await errorFromResponse(response);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

function pageQuery(after: string | undefined, limit: number): string {
  const query = new URLSearchParams({ limit: String(limit) });
  if (after !== undefined) query.set('after', after);
  return query.toString();
}
