/**
 * The part of nfnetlink that the watch reads (linux/netfilter/nf_tables.h): which tables were made, and which have less in them than
 * before. Pure. Throws NetlinkError (netlink.ts).
 */
import { messagesOf } from './netlink.ts';

/** NFNLGRP_NFTABLES of linux/netfilter/nfnetlink.h. */
export const NFTABLES_GROUP = 7;

/** A table that was made, or one of which something has gone: a rule, a chain, a set, or all of it. */
export interface TableMessage {
  readonly what: 'made' | 'less';
  /** AF_INET and the like: tables of two families may have one name. */
  readonly family: number;
  readonly table: string;
}

/** Throws NetlinkError. */
export const decodeTables = (datagram: Uint8Array): TableMessage[] =>
  messagesOf(datagram).flatMap(({ type, body }) => {
    const what = type >> 8 === NFNL_SUBSYS_NFTABLES ? MESSAGES.get(type & 0xff) : undefined;
    if (what === undefined) return [];
    // struct nfgenmsg, then attributes, of which each of these messages has the table's name as its first.
    const table = body.attributes(4).get(TABLE_NAME)?.text() ?? '';
    return [{ what, family: body.u8(0), table }];
  });

const NFNL_SUBSYS_NFTABLES = 10;

/** NFT_MSG_NEWTABLE, and NFT_MSG_DEL of tables, chains, rules, sets and their elements. */
const MESSAGES: ReadonlyMap<number, TableMessage['what']> = new Map([
  [0, 'made'],
  [2, 'less'],
  [5, 'less'],
  [8, 'less'],
  [11, 'less'],
  [14, 'less'],
]);

/** NFTA_TABLE_NAME, NFTA_CHAIN_TABLE and so on are one number. */
const TABLE_NAME = 1;
