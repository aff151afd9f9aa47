/** Names of hosts to addresses, as the operating system knows them. */
import { lookup } from 'node:dns/promises';

/** The first address that a name or a literal address stands for; null where there is none. */
export async function addressOf(host: string): Promise<string | null> {
  try {
    // An IPv6 address may stand in brackets.
    const { address } = await lookup(host.replace(/^\[(.*)\]$/, '$1'));
    return address;
  } catch {
    return null;
  }
}
