// The page of the policy, and the policy as the API tells it.

import { CONSOLE } from '../browser.mjs';
import { ask } from './signed-in.mjs';

export class PolicyPage {
  constructor(page) {
    this.page = page;
    this.status = page.getByRole('status');
    this.save = page.getByRole('button', { name: 'Save' });
    this.undo = page.getByRole('button', { name: 'Undo changes' });
  }

  async open() {
    await this.page.goto(`${CONSOLE}/policy`);
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

  /** The policy with its revision. */
  stored() {
    return ask(this.page, '/policy');
  }

  /** Changes the policy as somebody else would, who has not got this page open. */
  change(values) {
    return this.page.evaluate(async (values) => {
      const { policy } = await (await fetch('/api/v1/policy')).json();
      const answer = await fetch('/api/v1/policy', {
        method: 'PUT',
        headers: { 'x-eidetic-request': '1', 'content-type': 'application/json' },
        body: JSON.stringify({ ...policy, ...values }),
      });
      if (!answer.ok) throw new Error(`the policy was not changed: ${answer.status}`);
      return answer.json();
    }, values);
  }
}
