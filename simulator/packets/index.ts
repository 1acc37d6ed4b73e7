// Correct packets from options: a transport, in an IP packet, in an Ethernet frame (or raw: the IP packet itself).
//
//   ethernetFrame({ source, destination }, ipPacket({ source, destination }, tcpSegment({ sourcePort, destinationPort })))
export { type Address, addressBytes } from './address.ts';
export { HOP_LIMIT, WINDOW } from './defaults.ts';
export {
  ARP_REPLY,
  ARP_REQUEST,
  type ArpMessage,
  arpMessage,
  BROADCAST_MAC,
  ETHERTYPE_ARP,
  type EthernetHeader,
  ethernetFrame,
  type MacAddress,
  macBytes,
  multicastMac,
} from './ethernet.ts';
export { addWords, checksumOf } from './internet-checksum.ts';
export {
  DESTINATION_OPTIONS,
  HOP_BY_HOP,
  type IpHeader,
  ipFragments,
  ipPacket,
  type OptionsHeader,
  ROUTER_ALERT,
} from './ip.ts';
export { type FrameEnds, ipFrame } from './ip-frame.ts';
export {
  ACK,
  echoBody,
  FIN,
  ICMP,
  ICMPV6,
  type IcmpMessage,
  icmpMessage,
  icmpv6Message,
  maximumSegmentSize,
  PSH,
  RST,
  SYN,
  TCP,
  type TcpSegment,
  type Transport,
  tcpSegment,
  UDP,
  type UdpDatagram,
  udpDatagram,
} from './transport.ts';
