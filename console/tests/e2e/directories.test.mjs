// A directory is added and tried, looked through, and one of its containers becomes a plan's item.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CONSOLE } from '../browser.mjs';
import { removeOthers } from '../pages/plan.mjs';
import { ask, openSignedIn } from '../pages/signed-in.mjs';

const READER = process.env.EIDETIC_DIRECTORY_READER;
const PASSWORD = process.env.EIDETIC_DIRECTORY_PASSWORD;
const LDAPS = process.env.EIDETIC_DIRECTORY_LDAPS;
const STARTTLS = process.env.EIDETIC_DIRECTORY_STARTTLS;

let browser;
let page;
let complaints;

before(async () => {
  ({ browser, page, complaints } = await openSignedIn());
});
after(async () => {
  await removeOthers(page);
  await browser?.close();
});

async function addAccount(name, user, fill) {
  await page.getByRole('button', { name: 'Add an account' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name of the account').fill(name);
  await dialog.getByLabel('User on the computers').fill(user);
  await fill(dialog);
  await dialog.getByRole('button', { name: 'Keep the account' }).click();
  await page.getByRole('list', { name: 'Accounts' }).getByText(name, { exact: true }).waitFor();
}

test('a directory is tried before it is kept, and says what is wrong', async () => {
  await page.goto(`${CONSOLE}/deployment`);
  await addAccount('Reader', READER, (dialog) =>
    dialog.getByLabel('Password', { exact: true }).fill(PASSWORD),
  );
  await page.getByRole('button', { name: 'Add a directory' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add a directory' });
  await dialog.getByLabel('Name, for plans').fill('Corp');
  await dialog.getByRole('textbox', { name: 'Server', exact: true }).fill('127.0.0.1');
  await dialog.getByRole('textbox', { name: 'Port' }).fill(STARTTLS);
  const account = dialog.getByLabel('Account with which');
  assert.equal(await account.inputValue(), 'Reader');
  const trial = dialog.getByRole('button', { name: 'Test connection' });
  await trial.click();
  const said = dialog.getByRole('status');
  await said.filter({ hasText: 'use StartTLS if this is the port for that' }).waitFor();
  await dialog.getByRole('textbox', { name: 'Port' }).fill(LDAPS);
  await trial.click();
  await said.filter({ hasText: 'Its base is dc=corp,dc=example' }).waitFor();
  await dialog.getByRole('button', { name: 'Keep the directory' }).click();
  await page
    .getByRole('list', { name: 'Directories' })
    .getByText('Corp', { exact: true })
    .waitFor();
});

test('a container is found by looking through the directory, and its computers are counted', async () => {
  await page.goto(`${CONSOLE}/plans/new`);
  await page.getByRole('textbox', { name: 'Name of the plan' }).fill('Servers');
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('button', { name: 'Add a container of a directory' }).click();
  await page.getByRole('button', { name: 'Browse…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Containers of Corp' });
  await dialog.getByRole('button', { name: 'Servers', exact: true }).click();
  await dialog.getByText('ou=Servers,dc=corp,dc=example').waitFor();
  await dialog.getByRole('button', { name: 'Choose this container' }).click();
  const container = page.getByRole('textbox', { name: 'Container of item 1' });
  assert.equal(await container.inputValue(), 'ou=Servers,dc=corp,dc=example');
  await page.getByRole('button', { name: 'Browse…' }).click();
  await dialog.getByRole('button', { name: 'Servers', exact: true }).click();
  await dialog.getByRole('button', { name: 'Exclude Lab' }).click();
  await page.getByRole('checkbox', { name: 'Workstations' }).uncheck();
  const account = page.getByRole('combobox', { name: 'Account for item 1' });
  await account.selectOption('Reader');
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('heading', { name: 'Agents' }).waitFor();
  await page.getByRole('button', { name: 'Next' }).click();
  const words =
    'domain controllers and servers in ou=Servers,dc=corp,dc=example of directory Corp ' +
    'without ou=Lab,ou=Servers,dc=corp,dc=example';
  await page.getByRole('region', { name: 'Review' }).getByText(words).waitFor();
  await page.getByRole('button', { name: 'Make the plan' }).click();
  await page.getByRole('link', { name: 'Servers', exact: true }).click();
  // RDS01 and RDS02; the laboratory is excluded, a Linux computer is no server here.
  const said = page.getByRole('status').filter({ hasText: '2 computers in the directory' });
  await said.waitFor({ timeout: 30_000 });
  assert.match(await said.textContent(), /1 disabled/);
  assert.equal(await account.inputValue(), 'Reader');
  const { plans } = await ask(page, '/plans');
  const { items } = plans.find(({ name }) => name === 'Servers');
  assert.deepEqual(items[0].types, ['domain_controllers', 'servers']);
});

test('a managed account asks for no password, and its directory gives it', async () => {
  await page.goto(`${CONSOLE}/deployment`);
  await addAccount('gMSA', 'CORP\\eidetic$', async (dialog) => {
    await dialog.getByLabel('Signs in with').selectOption('managed');
    assert.equal(await dialog.getByLabel('Password', { exact: true }).count(), 0);
  });
  await page.getByRole('button', { name: 'Test account gMSA' }).click();
  await page.getByText('The directory gives its password').waitFor();
});

test('what is in use is not removed', async () => {
  await page.getByRole('button', { name: 'Remove directory Corp' }).click();
  await page.getByText('the plan "Servers" uses it').waitFor();
  complaints.splice(0, complaints.length, ...complaints.filter((it) => !it.includes('409')));
  await removeOthers(page);
  await page.getByRole('button', { name: 'Remove directory Corp' }).click();
  const list = page.getByRole('list', { name: 'Directories' });
  await list.getByText('Corp', { exact: true }).waitFor({ state: 'detached' });
  for (const name of ['gMSA', 'Reader']) {
    await page.getByRole('button', { name: `Remove account ${name}` }).click();
    const accounts = page.getByRole('list', { name: 'Accounts' });
    await accounts.getByText(name, { exact: true }).waitFor({ state: 'detached' });
  }
  assert.deepEqual(complaints, []);
});
