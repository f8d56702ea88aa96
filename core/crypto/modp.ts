/**
 * Diffie-Hellman in the MODP groups (RFC 2409 §6, RFC 3526), over BigInt. key-exchange.ts lists the groups.
 *
 * BigInt arithmetic does not run in constant time. The exponent serves one exchange and is never used again, which
 * leaves nothing to average over; the elliptic curves are offered first all the same.
 */
import { fromHex, type RandomBytes, toHex } from '#core/bytes/bytes.ts';
import { diffieHellman, type Exchange } from './diffie-hellman.ts';
import { KeyExchangeError, type KeyExchangeInProgress } from './interfaces.ts';

export interface ModpGroup {
  /** Length of the prime in bits. */
  readonly bits: number;
  /** The constant c of the prime: 2^n - 2^(n-64) - 1 + 2^64 · (⌊2^(n-130) · π⌋ + c). */
  readonly c: bigint;
  /** Octets of a secret exponent: RFC 3526 §8's higher estimate of twice the group's strength, or more. */
  readonly exponentBytes: number;
}

const GENERATOR = 2n;
/** Bits of the exponent that one multiplication takes care of. */
const WINDOW = 5n;

/** What a group does; the prime is computed at the first exchange. */
export function modpExchange(group: ModpGroup): Exchange {
  const bytes = group.bits / 8;
  let prime: bigint | undefined;

  const begin = (random: RandomBytes): KeyExchangeInProgress => {
    const modulus = (prime ??= modpPrime(group));
    const exponent = toBigInt(random(group.exponentBytes));
    if (exponent < 2n) throw new Error(`modp${group.bits}: the random generator returned no secret`);
    return {
      publicData: toOctets(modularPower(GENERATOR, exponent, modulus), bytes),
      finish: (peerPublic) =>
        toOctets(modularPower(validPublic(peerPublic, group.bits, modulus), exponent, modulus), bytes),
    };
  };

  return diffieHellman(bytes, begin);
}

/** RFC 6989 §2.1: with a safe prime, 1 < y < p - 1 leaves no small subgroup. */
function validPublic(octets: Uint8Array, bits: number, modulus: bigint): bigint {
  if (octets.length !== bits / 8) {
    throw new KeyExchangeError(`modp${bits}: public value of ${octets.length} octets, not ${bits / 8}`);
  }
  const value = toBigInt(octets);
  if (value <= 1n || value >= modulus - 1n) {
    throw new KeyExchangeError(`modp${bits}: public value outside 2 … p-2`);
  }
  return value;
}

/** The prime from RFC 3526's formula (RFC 2409 §6 has the same one). */
export function modpPrime({ bits, c }: Pick<ModpGroup, 'bits' | 'c'>): bigint {
  const n = BigInt(bits);
  return 2n ** n - 2n ** (n - 64n) - 1n + 2n ** 64n * (scaledPi(n - 130n) + c);
}

/** ⌊2^bits · π⌋ by Machin's formula, π = 16 arctan(1/5) - 4 arctan(1/239). */
function scaledPi(bits: bigint): bigint {
  const guard = 64n; // swallows the rounding of every term
  const one = 1n << (bits + guard);
  return (16n * arctanInverse(5n, one) - 4n * arctanInverse(239n, one)) >> guard;
}

/** `one` · arctan(1/x), by its alternating series. */
function arctanInverse(x: bigint, one: bigint): bigint {
  let power = one / x;
  let sum = power;
  for (let k = 1n; power !== 0n; k++) {
    power /= x * x;
    const term = power / (2n * k + 1n);
    sum += k % 2n === 0n ? term : -term;
  }
  return sum;
}

/** base^exponent mod modulus, a fixed window at a time. */
export function modularPower(base: bigint, exponent: bigint, modulus: bigint): bigint {
  const powers = [1n];
  for (let i = 1; i < 1 << Number(WINDOW); i++) powers.push(((powers[i - 1] as bigint) * base) % modulus);
  const digits: number[] = [];
  for (let rest = exponent; rest > 0n; rest >>= WINDOW)
    digits.push(Number(BigInt.asUintN(Number(WINDOW), rest)));
  let result = 1n;
  for (const digit of digits.toReversed()) {
    for (let i = 0n; i < WINDOW; i++) result = (result * result) % modulus;
    result = (result * (powers[digit] as bigint)) % modulus;
  }
  return result;
}

const toBigInt = (octets: Uint8Array): bigint => BigInt(`0x${toHex(octets)}`);
const toOctets = (value: bigint, bytes: number): Uint8Array =>
  fromHex(value.toString(16).padStart(bytes * 2, '0'));
