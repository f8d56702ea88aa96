/** Every key exchange method: published vectors, OpenSSL beside it, and public values that are refused. */
import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  decapsulate,
  diffieHellman,
  encapsulate,
  generateKeyPairSync,
  getDiffieHellman,
} from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '#core/bytes/bytes.ts';
import { KeyExchangeError, type KeyExchangeRow } from '#core/crypto/interfaces.ts';
import { KEY_EXCHANGE_ROWS, keyExchangeRow } from '#core/crypto/key-exchange.ts';
import { modularPower, modpPrime } from '#core/crypto/modp.ts';
import { keyExchangeMethods } from '#core/registry/key-exchange-methods.ts';
import { fixedRandom, seededRandom } from './fixed-random.ts';

const row = (keyword: string): KeyExchangeRow => {
  const found = KEY_EXCHANGE_ROWS.find((candidate) => candidate.keyword === keyword);
  if (found === undefined) throw new Error(`no row ${keyword}`);
  return found;
};
const rows = KEY_EXCHANGE_ROWS.map((candidate) => [candidate.keyword, candidate] as const);
const kemRows = rows.filter(([keyword]) => keyword.startsWith('mlkem'));
const dhRows = rows.filter((entry) => !kemRows.includes(entry));
const modpRows = rows.filter(([keyword]) => keyword.startsWith('modp'));
const curveRows = rows.filter(([keyword]) => keyword.startsWith('ecp'));

/** OpenSSL leaves leading zeros out. */
const padded = (octets: Buffer, length: number): Uint8Array =>
  concat(new Uint8Array(length - octets.length), Uint8Array.from(octets));

const vectors = [
  {
    source: 'RFC 5903 §8.1',
    keyword: 'ecp256',
    i: 'c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433',
    gi:
      'dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180' +
      '5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3',
    r: 'c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53',
    gr:
      'd12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63' +
      '56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab',
    secret: 'd6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de',
  },
  {
    source: 'RFC 5903 §8.2',
    keyword: 'ecp384',
    i: '099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655e35b538041e649ee3faef896783ab194',
    gi:
      '667842d7d180ac2cde6f74f37551f55755c7645c20ef73e31634fe72b4c55ee6de3ac808acb4bdb4c88732aee95f41aa' +
      '9482ed1fc0eeb9cafc4984625ccfc23f65032149e0e144ada024181535a0f38eeb9fcff3c2c947dae69b4c634573a81c',
    r: '41cb0779b4bdb85d47846725fbec3c9430fab46cc8dc5060855cc9bda0aa2942e0308312916b8ed2960e4bd55a7448fc',
    gr:
      'e558dbef53eecde3d3fccfc1aea08a89a987475d12fd950d83cfa41732bc509d0d1ac43a0336def96fda41d0774a3571' +
      'dcfbec7aacf3196472169e838430367f66eebe3c6e70c416dd5f0c68759dd1fff83fa40142209dff5eaad96db9e6386c',
    secret:
      '11187331c279962d93d604243fd592cb9d0a926f422e47187521287e7156c5c4d603135569b9e9d09cf5d4a270f59746',
  },
  {
    source: 'RFC 5903 §8.3',
    keyword: 'ecp521',
    i:
      '0037ade9319a89f4dabdb3ef411aaccca5123c61acab57b5393dce47608172a095aa85a30fe1c2952c6771d937ba9777' +
      'f5957b2639bab072462f68c27a57382d4a52',
    gi:
      '0015417e84dbf28c0ad3c278713349dc7df153c897a1891bd98bab4357c9ecbee1e3bf42e00b8e380aeae57c2d107564' +
      '941885942af5a7f4601723c4195d176ced3e' +
      '017cae20b6641d2eeb695786d8c946146239d099e18e1d5a514c739d7cb4a10ad8a788015ac405d7799dc75e7b7d5b6c' +
      'f2261a6a7f1507438bf01beb6ca3926f9582',
    r:
      '0145ba99a847af43793fdd0e872e7cdfa16be30fdc780f97bccc3f078380201e9c677d600b343757a3bdbf2a3163e4c2' +
      'f869cca7458aa4a4effc311f5cb151685eb9',
    gr:
      '00d0b3975ac4b799f5bea16d5e13e9af971d5e9b984c9f39728b5e5739735a219b97c356436adc6e95bb0352f6be64a6' +
      'c2912d4ef2d0433ced2b6171640012d9460f' +
      '015c68226383956e3bd066e797b623c27ce0eac2f551a10c2c724d9852077b87220b6536c5c408a1d2aebb8e86d678ae' +
      '49cb57091f4732296579ab44fcd17f0fc56a',
    secret:
      '01144c7d79ae6956bc8edb8e7c787c4521cb086fa64407f97894e5e6b2d79b04d1427e73ca4baa240a34786859810c06' +
      'b3c715a3a8cc3151f2bee417996d19f3ddea',
  },
  {
    source: 'RFC 7027 appendix A.1',
    keyword: 'ecp256bp',
    i: '81db1ee100150ff2ea338d708271be38300cb54241d79950f77b063039804f1d',
    gi:
      '44106e913f92bc02a1705d9953a8414db95e1aaa49e81d9e85f929a8e3100be5' +
      '8ab4846f11caccb73ce49cbdd120f5a900a69fd32c272223f789ef10eb089bdc',
    r: '55e40bc41e37e3e2ad25c3c6654511ffa8474a91a0032087593852d3e7d76bd3',
    gr:
      '8d2d688c6cf93e1160ad04cc4429117dc2c41825e1e9fca0addd34e6f1b39f7b' +
      '990c57520812be512641e47034832106bc7d3e8dd0e4c7f1136d7006547cec6a',
    secret: '89afc39d41d3b327814b80940b042590f96556ec91e6ae7939bce31f3a18bf2b',
  },
  {
    source: 'RFC 7027 appendix A.2',
    keyword: 'ecp384bp',
    i: '1e20f5e048a5886f1f157c74e91bde2b98c8b52d58e5003d57053fc4b0bd65d6f15eb5d1ee1610df870795143627d042',
    gi:
      '68b665dd91c195800650cdd363c625f4e742e8134667b767b1b476793588f885ab698c852d4a6e77a252d6380fcaf068' +
      '55bc91a39c9ec01dee36017b7d673a931236d2f1f5c83942d049e3fa20607493e0d038ff2fd30c2ab67d15c85f7faa59',
    r: '032640bc6003c59260f7250c3db58ce647f98e1260acce4acda3dd869f74e01f8ba5e0324309db6a9831497abac96670',
    gr:
      '4d44326f269a597a5b58bba565da5556ed7fd9a8a9eb76c25f46db69d19dc8ce6ad18e404b15738b2086df37e71d1eb4' +
      '62d692136de56cbe93bf5fa3188ef58bc8a3a0ec6c1e151a21038a42e9185329b5b275903d192f8d4e1f32fe9cc78c48',
    secret:
      '0bd9d3a7ea0b3d519d09d8e48d0785fb744a6b355e6304bc51c229fbbce239bbadf6403715c35d4fb2a5444f575d4f42',
  },
  {
    source: 'RFC 7027 appendix A.3',
    keyword: 'ecp512bp',
    i:
      '16302ff0dbbb5a8d733dab7141c1b45acbc8715939677f6a56850a38bd87bd59' +
      'b09e80279609ff333eb9d4c061231fb26f92eeb04982a5f1d1764cad57665422',
    gi:
      '0a420517e406aac0acdce90fcd71487718d3b953efd7fbec5f7f27e28c6149999397e91e029e06457db2d3e640668b39' +
      '2c2a7e737a7f0bf04436d11640fd09fd' +
      '72e6882e8db28aad36237cd25d580db23783961c8dc52dfa2ec138ad472a0fcef3887cf62b623b2a87de5c588301ea3e' +
      '5fc269b373b60724f5e82a6ad147fde7',
    r:
      '230e18e1bcc88a362fa54e4ea3902009292f7f8033624fd471b5d8ace49d12cf' +
      'abbc19963dab8e2f1eba00bffb29e4d72d13f2224562f405cb80503666b25429',
    gr:
      '9d45f66de5d67e2e6db6e93a59ce0bb48106097ff78a081de781cdb31fce8ccbaaea8dd4320c4119f1e9cd437a2eab37' +
      '31fa9668ab268d871deda55a5473199f' +
      '2fdc313095bcdd5fb3a91636f07a959c8e86b5636a1e930e8396049cb481961d365cc11453a06c719835475b12cb52fc' +
      '3c383bce35e27ef194512b71876285fa',
    secret:
      'a7927098655f1f9976fa50a9d566865dc530331846381c87256baf3226244b76' +
      'd36403c024d7bbf0aa0803eaff405d3d24f11a9b5c0bef679fe1454b21c4cd1f',
  },
  {
    source: 'RFC 7748 §6.1',
    keyword: 'curve25519',
    i: '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a',
    gi: '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
    r: '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb',
    gr: 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
    secret: '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
  },
  {
    source: 'RFC 7748 §6.2',
    keyword: 'curve448',
    i:
      '9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28d' +
      'd9c9baf574a9419744897391006382a6f127ab1d9ac2d8c0a598726b',
    gi:
      '9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c' +
      '22c5d9bbc836647241d953d40c5b12da88120d53177f80e532c41fa0',
    r:
      '1c306a7ac2a0e2e0990b294470cba339e6453772b075811d8fad0d1d' +
      '6927c120bb5ee8972b0d3e21374c9c921b09d1b0366f10b65173992d',
    gr:
      '3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b430' +
      '27d8b972fc3e34fb4232a13ca706dcb57aec3dae07bdc1c67bf33609',
    secret:
      '07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282b' +
      'b60c0b56fd2464c335543936521c24403085d59a449a5037514a879d',
  },
];

describe('published vectors', () => {
  it.each(vectors)('$source: $keyword', ({ keyword, i, gi, r, gr, secret }) => {
    const own = row(keyword).initiate(fixedRandom(i));
    const answer = row(keyword).respond(fixedRandom(r), fromHex(gi));
    expect(toHex(own.publicData)).toBe(gi);
    expect(toHex(answer.publicData)).toBe(gr);
    expect(toHex(answer.secret)).toBe(secret);
    expect(toHex(own.finish(fromHex(gr)))).toBe(secret);
  });
});

describe.each(rows)('%s', (keyword, method) => {
  it('agrees with itself, in the lengths it says', () => {
    const own = method.initiate(seededRandom(`${keyword} i`));
    const answer = method.respond(seededRandom(`${keyword} r`), own.publicData);
    expect(own.publicData.length).toBe(method.publicBytes.initiator);
    expect(answer.publicData.length).toBe(method.publicBytes.responder);
    expect(own.finish(answer.publicData)).toEqual(answer.secret);
    expect(keyExchangeRow(method.id)).toBe(method);
  });
});

describe.each(dhRows)('%s', (keyword, method) => {
  it('refuses what has another length, is zero, or is all ones', () => {
    const random = seededRandom(keyword);
    const { publicData } = method.initiate(random);
    const length = method.publicBytes.responder;
    // In X25519 and X448 all ones is a coordinate like another (RFC 7748 §5).
    const ones = keyword.startsWith('curve') ? [] : [new Uint8Array(length).fill(0xff)];
    const values = [
      publicData.subarray(1),
      concat(Uint8Array.of(0), publicData),
      concat(publicData, Uint8Array.of(0)),
      new Uint8Array(0),
      new Uint8Array(length),
      ...ones,
    ];
    for (const value of values) {
      expect(() => method.respond(random, value)).toThrow(KeyExchangeError);
      expect(() => method.initiate(random).finish(value)).toThrow(KeyExchangeError);
    }
  });

  it('says which length it got, and which it wants', () => {
    const random = seededRandom(keyword);
    const wanted = `public value of 7 octets, not ${method.publicBytes.initiator}`;
    expect(() => method.respond(random, new Uint8Array(7))).toThrow(`${keyword}: ${wanted}`);
  });

  it('survives a bad value: the true answer still completes the exchange', () => {
    const own = method.initiate(seededRandom(`${keyword} a`));
    const answer = method.respond(seededRandom(`${keyword} b`), own.publicData);
    expect(() => own.finish(new Uint8Array(method.publicBytes.responder))).toThrow(KeyExchangeError);
    expect(own.finish(answer.publicData)).toEqual(answer.secret);
  });
});

describe.each(modpRows)('%s', (keyword, method) => {
  const bits = Number(keyword.slice(4));
  const openSslName = { 768: 'modp1', 1024: 'modp2', 1536: 'modp5' }[bits] ?? `modp${method.id}`;
  const prime = getDiffieHellman(openSslName).getPrime();

  it('has the prime that OpenSSL has', () => {
    const { publicBytes } = method;
    expect(publicBytes.initiator * 8).toBe(bits);
    expect(prime.length * 8).toBe(bits);
    // p - 1 is refused and p - 2 is not: the modulus is this prime.
    const random = seededRandom(keyword);
    const minus = (n: number): Uint8Array => {
      const value = Uint8Array.from(prime);
      value[value.length - 1] = 0xff - n; // every one of these primes ends in 64 ones
      return value;
    };
    expect(() => method.respond(random, minus(0))).toThrow(KeyExchangeError);
    expect(() => method.respond(random, minus(1))).toThrow(KeyExchangeError);
    expect(method.respond(random, minus(2)).secret.length).toBe(publicBytes.initiator);
  });

  it('refuses one and takes two', () => {
    const one = new Uint8Array(bits / 8);
    one[one.length - 1] = 1;
    const two = one.map((octet) => octet * 2);
    expect(() => method.respond(seededRandom('x'), one)).toThrow(KeyExchangeError);
    expect(method.respond(seededRandom('x'), two).secret).toEqual(
      method.respond(seededRandom('x'), two).publicData,
    );
  });

  it('agrees with OpenSSL', () => {
    const peer = getDiffieHellman(openSslName);
    peer.generateKeys();
    const own = method.initiate(seededRandom(keyword));
    const theirs = peer.computeSecret(own.publicData);
    expect(toHex(own.finish(padded(peer.getPublicKey(), bits / 8)))).toBe(toHex(padded(theirs, bits / 8)));
  });
});

describe('MODP arithmetic', () => {
  it('pads a secret with leading zeros to the length of the group', () => {
    // 2^(2·128) has 257 bits in a group of 1024: a short exponent leaves the secret short.
    const exponent = toHex(concat(new Uint8Array(31), Uint8Array.of(128)));
    const four = concat(new Uint8Array(127), Uint8Array.of(4));
    const { secret } = row('modp1024').respond(fixedRandom(exponent), four);
    expect(toHex(secret)).toBe(`${'00'.repeat(128 - 33)}01${'00'.repeat(32)}`);
  });

  it('raises as repeated multiplication does', () => {
    for (let exponent = 0n; exponent < 70n; exponent++) {
      expect(modularPower(7n, exponent, 1_000_003n)).toBe(7n ** exponent % 1_000_003n);
    }
  });

  it('finds the prime of RFC 3526 §3', () => {
    const prime = modpPrime({ bits: 2048, c: 124476n }).toString(16);
    expect(prime.startsWith('ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd1')).toBe(true);
    expect(prime.endsWith('15728e5a8aacaa68ffffffffffffffff')).toBe(true);
  });

  it('refuses a generator that returns zeros', () => {
    expect(() => row('modp2048').initiate((length) => new Uint8Array(length))).toThrow('random generator');
  });
});

describe.each(curveRows)('%s', (keyword, method) => {
  const openSslName = {
    ecp256: 'prime256v1',
    ecp384: 'secp384r1',
    ecp521: 'secp521r1',
    ecp256bp: 'brainpoolP256r1',
    ecp384bp: 'brainpoolP384r1',
    ecp512bp: 'brainpoolP512r1',
  }[keyword] as string;

  it('agrees with OpenSSL', () => {
    const peer = createECDH(openSslName);
    const peerPublic = Uint8Array.from(peer.generateKeys()).subarray(1);
    const own = method.initiate(seededRandom(keyword));
    const theirs = peer.computeSecret(concat(Uint8Array.of(4), own.publicData));
    expect(toHex(own.finish(peerPublic))).toBe(toHex(theirs));
  });

  it('refuses a point beside the curve', () => {
    const random = seededRandom(keyword);
    const { publicData } = method.initiate(random);
    for (const at of [0, publicData.length / 2, publicData.length - 1]) {
      const beside = publicData.slice();
      beside[at] = (beside[at] as number) ^ 1;
      expect(() => method.respond(random, beside)).toThrow(KeyExchangeError);
    }
  });

  it('draws again when a draw is outside 1 … n-1, and gives up on a broken generator', () => {
    const length = method.publicBytes.initiator / 2;
    const good = toHex(concat(new Uint8Array(length - 1), Uint8Array.of(5)));
    const bad = ['00', 'ff'].map((octet) => octet.repeat(length));
    expect(method.initiate(fixedRandom(...bad, good)).publicData).toEqual(
      method.initiate(fixedRandom(good)).publicData,
    );
    expect(() => method.initiate((count) => new Uint8Array(count))).toThrow('random generator');
  });
});

describe.each([
  ['curve25519', '302a300506032b656e032100', '302e020100300506032b656e04220420'],
  ['curve448', '3042300506032b656f033900', '3046020100300506032b656f043a0438'],
])('%s', (keyword, spkiPrefix, pkcs8Prefix) => {
  it('agrees with OpenSSL', () => {
    const random = seededRandom(keyword);
    const secretKey = toHex(random(keyword === 'curve448' ? 56 : 32));
    const own = row(keyword).initiate(random);
    const spki = Buffer.from(spkiPrefix + toHex(own.publicData), 'hex');
    const privateKey = createPrivateKey({
      key: Buffer.from(pkcs8Prefix + secretKey, 'hex'),
      format: 'der',
      type: 'pkcs8',
    });
    const theirs = diffieHellman({
      privateKey,
      publicKey: createPublicKey({ key: spki, format: 'der', type: 'spki' }),
    });
    const theirPublic = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
    const peerPublic = Uint8Array.from(theirPublic.subarray(spkiPrefix.length / 2));
    expect(toHex(own.finish(peerPublic))).toBe(toHex(theirs));
  });

  it('refuses points of small order: their secret is zero', () => {
    const length = row(keyword).publicBytes.responder;
    const [zero, one] = [new Uint8Array(length), new Uint8Array(length).fill(1, 0, 1)];
    for (const point of [zero, one]) {
      expect(() => row(keyword).respond(seededRandom('x'), point)).toThrow(KeyExchangeError);
    }
  });
});

describe.each(kemRows)('%s', (keyword, method) => {
  const own = method.initiate(seededRandom(`${keyword} a`));
  const answer = method.respond(seededRandom(`${keyword} b`), own.publicData);

  it('agrees with OpenSSL', () => {
    const name = method.name as 'ml-kem-768';
    const theirs = generateKeyPairSync(name);
    const raw = Uint8Array.from(theirs.publicKey.export({ type: 'spki', format: 'der' }));
    const prefix = raw.subarray(0, raw.length - method.publicBytes.initiator);
    const toThem = method.respond(seededRandom(keyword), raw.subarray(prefix.length));
    expect(Uint8Array.from(decapsulate(theirs.privateKey, toThem.publicData))).toEqual(toThem.secret);
    const ours = createPublicKey({
      key: Buffer.from(concat(prefix, own.publicData)),
      format: 'der',
      type: 'spki',
    });
    const { ciphertext, sharedKey } = encapsulate(ours);
    expect(own.finish(Uint8Array.from(ciphertext))).toEqual(Uint8Array.from(sharedKey));
  });

  it('refuses another length, and says which it wants', () => {
    const { initiator, responder } = method.publicBytes;
    for (const bytes of [0, 7, initiator - 1, initiator + 1]) {
      const problem = `${keyword}: encapsulation key of ${bytes} octets, not ${initiator}`;
      const answering = () => method.respond(seededRandom(keyword), new Uint8Array(bytes));
      expect(answering).toThrow(KeyExchangeError);
      expect(answering).toThrow(problem);
    }
    for (const bytes of [0, 7, responder - 1, responder + 1]) {
      const problem = `${keyword}: ciphertext of ${bytes} octets, not ${responder}`;
      expect(() => own.finish(new Uint8Array(bytes))).toThrow(KeyExchangeError);
      expect(() => own.finish(new Uint8Array(bytes))).toThrow(problem);
    }
  });

  it('refuses an encapsulation key with coefficients above the modulus', () => {
    const wrong = own.publicData.slice().fill(0xff, 0, 3);
    expect(() => method.respond(seededRandom(keyword), wrong)).toThrow(KeyExchangeError);
  });

  it('takes a changed ciphertext for another secret, and the true one after it', () => {
    const changed = answer.publicData.slice();
    changed[5] = (changed[5] as number) ^ 1;
    const secret = own.finish(changed);
    expect(secret).toHaveLength(32);
    expect(secret).not.toEqual(answer.secret);
    expect(own.finish(answer.publicData)).toEqual(answer.secret);
  });

  it('wipes what the ciphertext was made from', () => {
    const drawn: Uint8Array[] = [];
    const random = seededRandom(keyword);
    method.respond((bytes) => {
      const octets = random(bytes);
      drawn.push(octets);
      return octets;
    }, own.publicData);
    expect(drawn).toEqual([new Uint8Array(32)]);
  });
});

it('knows no row for what it does not compute', () => {
  expect(keyExchangeRow(keyExchangeMethods.byName.NONE)).toBeUndefined();
  expect(keyExchangeRow(keyExchangeMethods.byName['192-bit Random ECP Group'])).toBeUndefined();
});
