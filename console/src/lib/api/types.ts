/**
 * What the server's API sends and takes, by the names that the console uses.
 *
 * `schema.d.ts` is generated from `docs/openapi.json` by `npm run types`. All times are
 * microseconds since the Unix epoch.
 */

import type { components } from './schema';

type Schemas = components['schemas'];

export type Account = Schemas['Account'];
export type Adjustment = Schemas['Adjustment'];
export type ActivityRecord = Schemas['Record'];
export type Campaign = Schemas['Campaign'];
export type CampaignCandidate = Schemas['CampaignCandidate'];
export type CampaignRequest = Schemas['CampaignRequest'];
export type Campaigns = Schemas['Campaigns'];
export type ControlAnswer = Schemas['ControlAnswer'];
export type ControlRequest = Schemas['ControlRequest'];
export type Computer = Schemas['Computer'];
export type ComputerDetail = Schemas['ComputerDetail'];
export type Computers = Schemas['Computers'];
export type ComputerStatus = Schemas['ComputerStatus'];
export type Dashboard = Schemas['Dashboard'];
export type HealthEvents = Schemas['HealthEvents'];
export type HealthItem = Schemas['HealthItem'];
export type Severity = Schemas['Severity'];
export type StatusMeaning = Schemas['StatusMeaning'];
export type Viewing = Schemas['Viewing'];
export type Viewings = Schemas['Viewings'];
export type CollectingAccount = Schemas['CollectingAccount'];
export type CollectingAccountRequest = Schemas['CollectingAccountRequest'];
export type DeploymentJob = Schemas['DeploymentJob'];
export type DeploymentRequest = Schemas['DeploymentRequest'];
export type KnownComputer = Schemas['KnownComputer'];
export type MailSecurity = Schemas['Security'];
export type MailSettings = Required<Schemas['MailSettings']>;
export type MailShown = Omit<Schemas['MailShown'], 'settings'> & { settings: MailSettings };
export type MailRequest = Schemas['MailRequest'];
export type MailTested = Schemas['MailTested'];
export type DisplayPlace = Schemas['Display'];
export type EnrolmentToken = Schemas['IssuedEnrolmentToken'];
export type FieldProblem = NonNullable<Schemas['Problem']['errors']>[number];
/** Windows by title, description or both; what is left out fits everything. */
export type ApplicationRule = Schemas['Application'];
export type UserRule = Schemas['User'];
/** What a plan asks of its agents, with all of its values, as the server gives it. */
export type PlanSettings = Required<
  Omit<Schemas['PlanSettings'], 'users' | 'applications'> & {
    users: Required<Schemas['Users']>;
    applications: Required<Schemas['Applications']>;
  }
>;
export type PlanItem = Schemas['ItemDocument'];
export type DirectoryItem = Extract<PlanItem, { kind: 'directory_container' }>;
export type ComputerType = Schemas['ComputerType'];
export type ContainerState = Schemas['ContainerState'];
export type Directory = Schemas['DirectoryView'];
export type DirectoryRequest = Schemas['DirectoryRequest'];
export type DirectoryTest = Schemas['DirectoryTest'];
export type DirectoryContainers = Schemas['Containers'];
export type AccountTest = Schemas['AccountTest'];
export type AddressRange = Schemas['RangeDocument'];
/** How the agent comes to the computers of a plan. */
export type PlanDeploymentChoice = Schemas['DeploymentDocument'];
/** A plan as it is stored. */
export type PlanDocument = Required<Omit<Schemas['PlanDocument'], 'settings' | 'deployment'>> & {
  settings: PlanSettings;
  deployment?: PlanDeploymentChoice;
};
export type Plan = Omit<Schemas['PlanDetail'], 'settings' | 'deployment'> & {
  settings: PlanSettings;
  deployment?: PlanDeploymentChoice;
};
export type Plans = Omit<Schemas['Plans'], 'plans'> & { plans: Plan[] };
export type PlanConflict = Schemas['PlanConflict'];
export type PlanCheck = Schemas['PlanCheck'];
export type PlanState = Schemas['PlanState'];
export type Problem = Schemas['Problem'];
export type Quality = Schemas['QualityStep'];
export type SearchField = Schemas['SearchField'];
export type Operator = Schemas['SearchOperator'];
export type SearchRequest = Schemas['SearchRequest'];
/** `next` is absent on the last page; a page may be empty and still have it. */
export type SearchPage = Schemas['SearchPage'];
export type Segment = Schemas['Segment'];
export type SessionDetail = Schemas['SessionDetail'];
export type SessionEvent = Schemas['SessionEventItem'];
export type SessionPage = Schemas['Sessions'];
/** `end_us` is absent while the session runs. */
export type SessionSummary = Schemas['SessionSummary'];
export type TimeRange = Schemas['Idle'];

/** A condition whose operator is said, as the console always does. */
export type Condition = Required<Schemas['SearchCondition']>;

export const SEARCH_FIELDS = [
  'who',
  'action',
  'what',
  'where',
  'object_type',
  'details',
  'application',
  'workstation',
  'session',
] as const satisfies readonly SearchField[];

export const OPERATORS = [
  'contains',
  'does_not_contain',
  'equals',
  'not_equal_to',
  'starts_with',
  'ends_with',
] as const satisfies readonly Operator[];
