/** The only source of randomness in domain code; seeded in simulations. */
export interface Random {
  /** A whole number in [0, bound). */
  nextInt(bound: number): number;
  /** `count` random bytes. */
  bytes(count: number): Buffer;
}
