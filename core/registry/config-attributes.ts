/**
 * IKEv2 Configuration Payload: CFG Types and Attribute Types (IANA "IKEv2 Parameters"; RFC 7296 §3.15). Used by the
 * configuration task.
 */
import { registry } from './registry.ts';

export const configTypes = registry('CFG Type', [
  { id: 1, name: 'CFG_REQUEST' },
  { id: 2, name: 'CFG_REPLY' },
  { id: 3, name: 'CFG_SET' },
  { id: 4, name: 'CFG_ACK' },
]);

export const ConfigType = configTypes.byName;

const configAttributes = registry('Configuration Attribute', [
  { id: 1, name: 'INTERNAL_IP4_ADDRESS' },
  { id: 2, name: 'INTERNAL_IP4_NETMASK' },
  { id: 3, name: 'INTERNAL_IP4_DNS' },
  { id: 4, name: 'INTERNAL_IP4_NBNS' },
  { id: 6, name: 'INTERNAL_IP4_DHCP' },
  { id: 7, name: 'APPLICATION_VERSION' },
  { id: 8, name: 'INTERNAL_IP6_ADDRESS' },
  { id: 10, name: 'INTERNAL_IP6_DNS' },
  { id: 12, name: 'INTERNAL_IP6_DHCP' },
  { id: 13, name: 'INTERNAL_IP4_SUBNET' },
  { id: 14, name: 'SUPPORTED_ATTRIBUTES' },
  { id: 15, name: 'INTERNAL_IP6_SUBNET' },
  { id: 16, name: 'MIP6_HOME_PREFIX' },
  { id: 17, name: 'INTERNAL_IP6_LINK' },
  { id: 18, name: 'INTERNAL_IP6_PREFIX' },
  { id: 19, name: 'HOME_AGENT_ADDRESS' },
  { id: 20, name: 'P_CSCF_IP4_ADDRESS' },
  { id: 21, name: 'P_CSCF_IP6_ADDRESS' },
  { id: 22, name: 'FTT_KAT' },
  { id: 23, name: 'EXTERNAL_SOURCE_IP4_NAT_INFO' },
  { id: 24, name: 'TIMEOUT_PERIOD_FOR_LIVENESS_CHECK' },
  { id: 25, name: 'INTERNAL_DNS_DOMAIN' },
  { id: 26, name: 'INTERNAL_DNSSEC_TA' },
  { id: 27, name: 'ENCDNS_IP4' },
  { id: 28, name: 'ENCDNS_IP6' },
  { id: 29, name: 'ENCDNS_DIGEST_INFO' },
]);

export const ConfigAttributeType = configAttributes.byName;
