import type { Problem } from './types';

/** What the caller of the API can do about a failure. */
export type FailureKind =
  /** Sign in and come back. */
  | 'signed-out'
  /** Change the one-time password first. */
  | 'password-change-required'
  /** Fix what was asked for. */
  | 'bad-request'
  | 'not-found'
  /** Wait, then ask again. */
  | 'too-many'
  /** The server could not be reached, or failed: ask again. */
  | 'unavailable';

/** A request failed; `message` is fit to be shown. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly kind: FailureKind,
    message: string,
    readonly status: number,
    readonly problem?: Problem,
    /** Seconds after which asking again makes sense. */
    readonly retryAfterSecs?: number,
  ) {
    super(message);
  }
}

/** Reads the error out of an unsuccessful response. */
export async function errorFromResponse(response: Response): Promise<ApiError> {
  const problem = await readProblem(response);
  const message = messageOf(problem) ?? fallbackMessage(response.status);
  const retryAfter = Number(response.headers.get('retry-after'));
  return new ApiError(
    kindOf(response.status, problem),
    message,
    response.status,
    problem,
    Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : undefined,
  );
}

/** Words for any failure. */
export function describeFailure(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  if (error instanceof Error && error.message !== '') return error.message;
  return 'Something went wrong.';
}

/** Whether the failure only says that the caller gave up waiting. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

async function readProblem(response: Response): Promise<Problem | undefined> {
  if (!(response.headers.get('content-type') ?? '').includes('json')) return undefined;
  try {
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null ? (body as Problem) : undefined;
  } catch {
    return undefined;
  }
}

function messageOf(problem: Problem | undefined): string | undefined {
  if (problem === undefined) return undefined;
  const lines = [problem.detail ?? problem.title ?? ''];
  for (const { field, message } of problem.errors ?? []) lines.push(`${field}: ${message}`);
  const text = lines.filter((line) => line !== '').join('\n');
  return text === '' ? undefined : text;
}

function kindOf(status: number, problem: Problem | undefined): FailureKind {
  if (status === 401) return 'signed-out';
  if (status === 403 && problem?.type?.endsWith('password-change-required')) {
    return 'password-change-required';
  }
  if (status === 404) return 'not-found';
  if (status === 429) return 'too-many';
  return status >= 500 ? 'unavailable' : 'bad-request';
}

function fallbackMessage(status: number): string {
  if (status === 401) return 'You are signed out.';
  if (status === 404) return 'There is no such thing on the server.';
  if (status >= 500) return `The server failed (${status}).`;
  return `The server refused the request (${status}).`;
}
