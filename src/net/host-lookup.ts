/** Names of hosts to addresses, as the operating system knows them. */
import { promises as dns } from 'node:dns';
import { isIP, isIPv6 } from 'node:net';

/** The first address that a name or a literal address stands for; null where there is none. */
export async function addressOf(host: string): Promise<string | null> {
  const literal = literalAddress(host);
  if (literal !== null) return literal;
  try {
    return (await dns.lookup(host)).address;
  } catch {
    return null;
  }
}

/** An address in the form that sockets give it; null for anything else. An IPv6 address may stand in brackets. */
export function literalAddress(text: string): string | null {
  const address = text.replace(/^\[(.*)\]$/, '$1');
  if (!isIPv6(address)) return isIP(address) === 0 ? null : address;
  // One with a zone stays as it is.
  return address.includes('%') ? address : new URL(`http://[${address}]`).hostname.slice(1, -1);
}
