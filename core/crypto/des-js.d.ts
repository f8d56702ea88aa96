/** The part of des.js 1.1 (which brings no types) that triple-des.ts and des.ts use. */
declare module 'des.js' {
  interface BlockCipher {
    /** Whole blocks at once when encrypting; when decrypting, the last block waits for `final`. */
    update(data: Uint8Array): number[];
    final(): number[];
  }
  interface BlockCipherFactory {
    create(options: {
      readonly type: 'encrypt' | 'decrypt';
      readonly key: Uint8Array;
      readonly padding: false;
    }): BlockCipher;
  }
  export const DES: BlockCipherFactory;
  export const EDE: BlockCipherFactory;
}
