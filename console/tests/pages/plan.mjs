// The page of one plan, and the plan as the API tells it.

import { CONSOLE } from '../browser.mjs';
import { ask } from './signed-in.mjs';

export const DEFAULT_PLAN = '00000000-0000-0000-0000-000000000000';

export class PlanPage {
  constructor(page, id = DEFAULT_PLAN) {
    this.page = page;
    this.id = id;
    this.status = page.getByRole('status');
    this.save = page.getByRole('button', { name: 'Save' });
    this.undo = page.getByRole('button', { name: 'Undo changes' });
  }

  async open() {
    await this.page.goto(`${CONSOLE}/plans/${this.id}`);
    await this.quality('High (default)').waitFor();
  }

  quality(name) {
    return this.page.getByRole('radio', { name, exact: true });
  }

  number(name) {
    return this.page.getByRole('textbox', { name, exact: true });
  }

  /** What is said beside a number: its unit, what is wrong with it, and what it does. */
  async said(name) {
    const ids = (await this.number(name).getAttribute('aria-describedby')).split(' ');
    const texts = ids.map((id) => this.page.locator(`[id="${id}"]`).textContent());
    const [unit, mistake, hint] = await Promise.all(texts);
    return { unit, mistake, hint };
  }

  /** Waits until the page says this of its state. */
  async seeStatus(text) {
    await this.status.filter({ hasText: text }).waitFor();
  }

  /** The plan with its revision. */
  stored() {
    return ask(this.page, `/plans/${this.id}`);
  }

  /** Changes settings as somebody else would, who has not got this page open. */
  change(values) {
    return this.page.evaluate(
      async ([id, values]) => {
        const path = `/api/v1/plans/${id}`;
        const { name, description, settings, revision } = await (await fetch(path)).json();
        const answer = await fetch(path, {
          method: 'PUT',
          headers: {
            'x-eidetic-request': '1',
            'content-type': 'application/json',
            'if-match': `"${revision}"`,
          },
          body: JSON.stringify({ name, description, settings: { ...settings, ...values } }),
        });
        if (!answer.ok) throw new Error(`the plan was not changed: ${answer.status}`);
        return answer.json();
      },
      [this.id, values],
    );
  }
}

/** All plans. */
export function plans(page) {
  return ask(page, '/plans');
}

/** Removes every plan but the default one. */
export function removeOthers(page) {
  return page.evaluate(async () => {
    const { plans } = await (await fetch('/api/v1/plans')).json();
    for (const { id, revision, is_default } of plans) {
      if (is_default) continue;
      await fetch(`/api/v1/plans/${id}`, {
        method: 'DELETE',
        headers: { 'x-eidetic-request': '1', 'if-match': `"${revision}"` },
      });
    }
  });
}
