/** Where somebody goes on whose form has something wrong in it. */

import { tick } from 'svelte';

/** Moves the focus to the first field that is wrong, or to where a missing one is added. */
export async function focusMistake(form: HTMLElement | undefined): Promise<void> {
  await tick();
  form?.querySelector<HTMLElement>('[aria-invalid="true"], .mistake ~ .add')?.focus();
}
