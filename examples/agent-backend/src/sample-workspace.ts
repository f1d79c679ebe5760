import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const SAMPLES: Readonly<Record<string, string>> = {
  'README.md': `# A shop for tea

The folder holds what the shop's staff write down: how things are done, what was decided, and the price list.

- handbook/ says how orders, returns and deliveries are handled
- notes/ has one file a month
- prices.csv is the price list, in euro cents
`,
  'prices.csv': `item,price_cents,stock
assam,690,42
darjeeling,890,17
earl grey,650,61
gyokuro,2400,5
rooibos,490,80
`,
  'handbook/orders.md': `# Orders

An order is packed on the day it comes in, if it comes in before two o'clock.

If something is out of stock, ask the customer whether to wait or to send the rest. Never replace one tea by another
without asking.
`,
  'handbook/returns.md': `# Returns and refunds

Customers may send back closed packets within 30 days and get their money back.

Refunds are paid the way the customer paid. Shipping is refunded only when we made the mistake. Opened packets are
taken back if the tea was stale or another one than ordered.
`,
  'handbook/delivery.md': `# Delivery

Parcels go out with the evening collection at half past five. Letters of up to 500 g fit through the slot.

A parcel that has not come after ten working days counts as lost: send it again at once and claim it from the carrier.
`,
  'notes/2026-09.md': `# September 2026

- The supplier of gyokuro can send 5 packets a month only, so it is not advertised.
- Decided: prices stay in cents, and are rounded half up.
`,
  'notes/2026-10.md': `# October 2026

- Three complaints about stale rooibos, all from one delivery. The rest of it was thrown away, refunds are paid.
- The carrier collects half an hour earlier from November on.
`,
};

/** Fills the workspace with a few files to work on, where it is not there yet. */
export async function ensureSampleWorkspace(folder: string): Promise<void> {
  if (existsSync(folder)) return;
  for (const [path, content] of Object.entries(SAMPLES)) {
    const place = join(folder, path);
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, content);
  }
}
