import { account as fetchAccount } from '../api/client';
import { ApiError } from '../api/problem';
import type { Account } from '../api/types';

/** Who is signed in: unknown until asked, `undefined` when nobody is. */
class AccountState {
  current = $state.raw<Account | undefined>();
  error = $state.raw<unknown>();

  /** Asks the server who is signed in. */
  async refresh(): Promise<void> {
    this.error = undefined;
    try {
      this.current = await fetchAccount();
    } catch (error) {
      this.current = undefined;
      if (error instanceof ApiError && error.kind === 'signed-out') return;
      if (error instanceof ApiError && error.kind === 'password-change-required') {
        this.current = { user_name: '', must_change_password: true };
        return;
      }
      this.error = error;
    }
  }

  /** Asks whether the sign-in is still good, after a failure that does not say why. */
  async check(): Promise<void> {
    try {
      await fetchAccount();
    } catch (error) {
      this.noticeSignedOut(error);
    }
  }

  /** Takes note that the server no longer knows the sign-in; true if `error` says so. */
  noticeSignedOut(error: unknown): boolean {
    if (!(error instanceof ApiError)) return false;
    if (error.kind === 'signed-out') {
      this.current = undefined;
      return true;
    }
    if (error.kind === 'password-change-required' && this.current !== undefined) {
      this.current = { ...this.current, must_change_password: true };
      return true;
    }
    return false;
  }
}

export const account = new AccountState();
